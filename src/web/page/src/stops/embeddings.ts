// Embeddings as a map, which moves while the model trains; and the nearest neighbours of one token.
import { html, nothing, type TemplateResult } from 'lit';
import { lab, setParam } from '../lab';
import { asNumber, column, fixed, plain, section } from '../page';
import { bars } from '../parts/bars';
import '../parts/map';
import '../parts/question';
import { head, Stop, why } from './stop';

export class EmbeddingsStop extends Stop {
  override render(): TemplateResult {
    const title = head('Embeddings: characters as points', 'Every character is a row of numbers. Rows that point the same way mean much the same to the model. The map shows the two directions in which they differ most.');
    const missing = this.missing();
    if (missing) return html`<div class="stop">${title}${missing}</div>`;
    const positions = lab.state.params.of === 'positions';
    const page = this.page('study', 'embeddings', { '--rows': 0, '--top': 5, ...(positions ? { '--positions': true } : {}) });
    const table = section(page, 'rows')?.table;
    const rows = table?.rows ?? [];
    const index = (key: string) => (table ? column(table, key) : -1);
    const names = rows.map((row) => plain(String(row[0])));
    const wanted = lab.state.params.token;
    const chosen = names.includes(wanted ?? '') ? wanted! : names[0] ?? '';
    const row = rows[names.indexOf(chosen)];
    const near = row ? [1, 2, 3, 4, 5].flatMap((i) => (row[index(`nearest_${i}`)] ? [{ name: plain(String(row[index(`nearest_${i}`)])), value: asNumber(row[index(`cosine_${i}`)]) }] : [])) : [];
    const share = (i: number) => fixed(100 * asNumber(page?.facts[`explained_${i}`]?.value), 0);
    const which = (key: string, text: string) => html`<button class="button" aria-pressed=${(key === 'positions') === positions ? 'true' : 'false'} @click=${() => setParam('of', key === 'positions' ? 'positions' : undefined)}>${text}</button>`;
    const vowels = ['a', 'e', 'i', 'o', 'u'].filter((v) => names.includes(v));
    return html`<div class="stop">${title}
      <div class="row" role="group" aria-label="Which table">${which('tokens', 'characters (wte)')}${which('positions', 'positions (wpe)')}</div>
      ${table ? html`<div class="columns map-columns"><lab-map .points=${rows.map((r, i) => ({ name: names[i]!, x: asNumber(r[index('component_1')]), y: asNumber(r[index('component_2')]) }))}
          label="A map of the embeddings" .xTitle=${`component 1: ${share(1)}% of the variance`} .yTitle=${`component 2: ${share(2)}%`}
          .chosen=${chosen} .near=${near.slice(0, 3).map((n) => n.name)} .pick=${(name: string) => setParam('token', name)}></lab-map>
        <section class="panel"><h2>Nearest to ${chosen}</h2><p class="small soft">The cosine of the angle between the rows, in all channels: 1 is the same direction. The map shows only two of them, so neighbours here can lie apart there.</p>
          ${bars(near.map((n) => ({ name: html`<button class="link mono" @click=${() => setParam('token', n.name)}>${n.name}</button>`, value: n.value, text: fixed(n.value, 3) })), 'signed', 1)}
          <p class="small"><span class="soft">Length of the row</span> ${row ? fixed(asNumber(row[index('length')]), 3) : ''}</p></section></div>` : nothing}
      ${!positions && vowels.length > 2 ? html`<lab-question .ask=${'Nobody told the model what a vowel is. Is the nearest neighbour of a vowel a vowel, for most of them?'} .answers=${['Yes, for most', 'No']}
        .judge=${() => {
          const pairs = vowels.map((v) => [v, plain(String(rows[names.indexOf(v)]![index('nearest_1')]))] as const);
          const right = pairs.filter(([, n]) => vowels.includes(n)).length;
          return { right: right > vowels.length / 2 ? 0 : 1, says: `The nearest of ${pairs.map(([v, n]) => `${v} is ${n}`).join(', of ')}.` };
        }}></lab-question>` : nothing}
      ${this.problems()}
      ${why('Why do letters move together?', html`<p>The model only ever learns what comes next. Letters that are followed by the same letters need the same predictions, so training pushes their rows the same way. Nothing else makes vowels neighbours.
        Train a model, come back, and move the slider below: the map begins as noise.</p>`)}
    </div>`;
  }
}
customElements.define('stop-embeddings', EmbeddingsStop);
