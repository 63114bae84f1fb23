// Texts to train on: three of our own, and what a visitor brings.
import { lab, message, report } from './lab';
import { Store } from './store';

const lines = (words: string) => words.trim().split(/\s+/).join('\n') + '\n';

const names = lines(`
ada adam adela adele agnes aida aileen alan albert alda alena alexa alice alina alma alva amalia amanda amber amelia amina
amos amy ana andrea andrew angela anita anna anne annika anton antonia april ariana ariel arlo arno arthur asha astrid
audrey august aurora ava axel barbara bea beata ben benita benno bernard bertha bess betty bianca bill bjorn blanca boris
brenda brian bridget bruno camilla cara carl carla carlos carmen carol caroline casper cecilia celia celine chara charles
charlotte chloe christa claire clara claude clemens cora corinna daisy dalia damian dana daniel daphne daria david dean
deborah delia della denis diana dina dirk dominic dora doris dorothea edgar edith edna eduard edwin eileen elena eliana
elias elina elisa eliza ella ellen elmar elodie elsa elvira emanuel emil emilia emily emma enid enrico eric erica erik
erin ernest esme estelle esther eugene eva evan eve evelyn fabian fanny farah felix fergus fiona flora florian frances
frank frida fritz gabriel gareth gemma george georgia gerald gerda gina giselle gloria grace greta gudrun guido gustav
hana hannah hanno harold harriet harry hazel hedda heidi helen helena helga henri henry herbert hilda hugo ian ida igor
ilse ina ines ingrid irene iris irma isaac isabel isla ivan ivy jack jacob jana jane janet janina jasmin jason jean jenny
jerome jessica joan joanna joel johan john jonas jonathan josef josephine judith jules julia julian june juno kara karen
karl kate katharina keira kenneth kevin kiara kilian kira klara konrad lara larissa lars laura lea leah leander leila lena
leo leon leona leonard lewis liam lida lilian lily lina linda linnea linus lisa liv lola lorenz lorna louis louisa luca
lucas lucia lucy luis luna lydia mabel maddie magda maia malin malte mara marcel marco margaret maria marian marie marina
mark marlene martha martin mary mathilda matteo maud maurice max maya melanie melina mia michael mila milan milo mina
miriam moira mona monica morgan moritz myra nadia nadine naomi natalie nathan nell nela nico nicola nils nina noah noel
nora norma odette olaf olga oliver olivia omar oona orla oscar otto owen pamela patricia paul paula pauline peggy perla
peter petra philip phoebe pia priya quentin rachel rafael ralph ramona raul rebecca regina renata rhea rita robert robin
roland rosa rosalind rose rowan ruben rudi rufus ruth sabina sally salma samira samuel sandra sara selena selma serena
silas silvia simon sofia sonia stefan stella susan svea sven tabea tamara tanja tara teresa thea theo theresa thomas tilda
tim tina tobias tom tristan ulrich una ursula uta valentin valeria vanessa vera verena victor victoria vincent viola
virginia vivian walter wanda wendy wilma winnie xenia yara yasmin yolanda yves zara zelda zoe`);

const plants = lines(`
acacia acanthus alder aloe almond amaranth anemone angelica apple apricot arnica artichoke ash asparagus aspen aster azalea
bamboo banana barberry barley basil bay bean bearberry beech beet begonia bergamot betony bilberry bindweed birch
blackberry blackthorn bluebell borage box bracken bramble briar broom bryony buckthorn buckwheat bugle burdock burnet
buttercup cabbage cactus camellia camomile campion caraway cardamom cardoon carnation carrot catmint cedar celandine celery
chard cherry chervil chestnut chickpea chickweed chicory chive cinnamon cinquefoil clary clematis clove clover cocoa coffee
columbine comfrey coriander cornel cornflower cotton cowslip crab cranberry cress crocus crowfoot cucumber cumin currant
cyclamen cypress daffodil dahlia daisy damson dandelion dill dock dogwood duckweed ebony elder elecampane elm endive
eucalyptus everlasting eyebright fennel fern fescue feverfew fig filbert fir flax foxglove freesia fritillary fuchsia
garlic gentian geranium ginger gladiolus goldenrod gooseberry gorse grape grapefruit groundsel guava gum hawkweed hawthorn
hazel heather hellebore hemlock hemp henbane hibiscus holly hollyhock honeysuckle hop hornbeam horsetail houseleek
hyacinth hydrangea hyssop iris ivy jasmine juniper kale knapweed knotgrass laburnum larch larkspur laurel lavender leek
lemon lentil lettuce lichen lilac lily lime linden linseed liquorice lobelia loosestrife lotus lovage lucerne lupin
madder magnolia mahogany maize mallow mandrake maple marigold marjoram marram meadowsweet medlar melilot melon mignonette
millet mimosa mint mistletoe moss mugwort mulberry mullein mustard myrtle narcissus nasturtium nettle nightshade nutmeg oak
oat oleander olive onion orange orchid oregano osier oxlip palm pansy papaya parsley parsnip pea peach pear peony pepper
peppermint periwinkle petunia pimpernel pine pineapple pink plantain plum pomegranate poplar poppy potato primrose privet
pumpkin purslane quince radish ragwort rampion rape raspberry reed rhubarb rice rocket rose rosemary rowan rue rush rye
saffron sage samphire savory saxifrage scabious sedge senna sesame silverweed sloe snapdragon snowdrop sorrel soybean
spearmint speedwell spinach spruce spurge squash stonecrop strawberry sundew sunflower sycamore tamarind tansy tarragon
teasel thistle thrift thyme timothy toadflax tobacco tomato tormentil trefoil tulip turmeric turnip valerian vanilla
verbena vetch vine violet wallflower walnut watercress wheat willow woad woodbine woodruff wormwood yarrow yew zinnia`);

const tale = `The lamp at the end of the pier was lit every evening, and every evening the old keeper walked out to light it. She counted the planks as she went. There were two hundred and twelve of them, and she knew each one by its sound.

One evening the wind came from the east, and the sea was the colour of slate. Halfway along the pier the keeper met a cat. It was a thin grey cat with a white foot, and it sat on plank ninety as if it had bought it.

"You are in my way," said the keeper.

The cat looked at the sea. The keeper stepped over it and went on to the lamp. She trimmed the wick, and filled the glass with oil, and lit it, and the light went out over the water and came back from the rocks. When she turned round, the cat was sitting behind her.

"There are no fish up here," said the keeper. The cat sat down under the lamp, where it was warm, and closed its eyes.

The next evening the cat was on plank ninety again, and the evening after that. The keeper stepped over it every time, and every time it followed her to the end. She began to bring a piece of herring in her pocket. She told herself that it was for the gulls.

In the winter there came a night when the wind took the door off the boat house and the roof off the shed. The keeper put on two coats and tied her hat under her chin. At plank ninety there was no cat. She stood there and called, but the wind took the words as soon as she had made them.

So she went on her hands and knees, and counted the planks with her fingers. At plank two hundred there was nothing. The sea had taken the boards, and left a gap as wide as a door. On the other side of the gap sat the cat, and it cried.

If it had not cried, the keeper would have gone one plank further. She lay down on the wet wood and held the last board with both hands, and the cat came along the beam, one foot before the other, and climbed over her back and sat between her shoulders.

There was no light that night. But the boats had seen the storm before it came, and all of them were in the harbour, and nobody was lost. In the morning the men came with new boards. They made the pier as long as it had been, and one of them cut a small square hole in the door of the lamp house, close to the ground.

"What is that for?" said the keeper.

"For the gulls," said the man.

Now there are two hundred and fourteen planks, and two go out to light the lamp. The keeper counts them, and the cat does not.
`;

export interface Text {
  name: string;
  about: string;
  text: string;
}

export const texts: Text[] = [
  { name: 'names', about: 'first names, one a line', text: names },
  { name: 'plants', about: 'plants, one a line', text: plants },
  { name: 'tale', about: 'a short tale in prose', text: tale },
];

export const own = new Store<{ chosen: number; name: string; text: string }>({ chosen: 0, name: 'my-text', text: '' });
/** The number of the visitor's own text among the choices. */
export const ownText = texts.length;

export const chosenText = (): { name: string; text: string } => {
  const { chosen, name, text } = own.state;
  return texts[chosen] ?? { name, text };
};

const mostBytes = 4_000_000;

/** A text from a file. What is no text is refused here, where it would otherwise be shown. */
export async function takeText(file: File): Promise<boolean> {
  try {
    if (file.size > mostBytes) throw new Error(`${file.name}: has ${(file.size / 1e6).toFixed(1)} MB; a page takes at most ${mostBytes / 1e6} MB of text`);
    const bytes = new Uint8Array(await file.arrayBuffer());
    let text = '';
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw new Error(`${file.name}: is not a text in UTF-8`);
    }
    if (text.includes('\0')) throw new Error(`${file.name}: has bytes of 0 in it, so it is not a text`);
    own.set({ chosen: ownText, name: file.name.replace(/\.\w+$/, '').replace(/[^\w-]+/g, '-') || 'my-text', text });
    lab.set({ problem: undefined });
    return true;
  } catch (problem) {
    report(message(problem));
    return false;
  }
}
