// Attention: every head as a small picture, one of them large with its numbers, and the arithmetic of one position.
import { html, nothing, svg, type TemplateResult } from 'lit';
import { base, isOff, lab, setParam, setPosition, toggle } from '../lab';
import { headPart } from '../frame/switches';
import { asNumber, change, column, fixed, plain, section, type Page, type Table } from '../page';
import '../parts/heat-table';
import '../parts/question';
import { sectionView } from '../parts/page-view';
import { without } from '../without';
import { head, Stop, why } from './stop';

export class AttentionStop extends Stop {
  private get chosen(): { layer: number; head: number } {
    const { n_layer = 1, n_head = 1 } = base()?.config.model ?? {};
    const at = (key: string, most: number) => Math.min(Math.max(0, Number(lab.state.params[key] ?? 0) || 0), most - 1);
    return { layer: at('layer', n_layer), head: at('head', n_head) };
  }

  /** A head as a picture of its pattern: darker where it looks more. */
  private small(table: Table, layer: number, head: number): TemplateResult {
    const n = table.rows.length;
    const { chosen } = this;
    const on = layer === chosen.layer && head === chosen.head;
    const cells = table.rows.flatMap((row, y) => row.slice(1).flatMap((v, x) =>
      typeof v === 'number' ? [svg`<rect x=${x} y=${y} width="1" height="1" fill="currentColor" fill-opacity=${v.toFixed(3)}></rect>`] : []));
    return html`<button class="small-map" aria-pressed=${on ? 'true' : 'false'} @click=${() => { setParam('layer', String(layer)); setParam('head', String(head)); }}>
      <svg viewBox="0 0 ${n} ${n}" width="88" height="88" preserveAspectRatio="none" aria-hidden="true" shape-rendering="crispEdges">${cells}</svg>
      <span>L${layer} head ${head}${isOff(headPart(layer, head)) ? ', off' : ''}</span></button>`;
  }

  private over(page: Page | undefined): TemplateResult | typeof nothing {
    const { layer, head } = this.chosen;
    const table = section(page, 'heads')?.table;
    const row = table?.rows.find((r) => r[0] === `layer${layer}.attn.z[head ${head}]`);
    if (!table || !row) return nothing;
    const of = (key: string) => asNumber(row[column(table, key)]);
    const texts = page!.facts.documents;
    return html`<section class="panel"><h2>What this head does over ${texts ? `${asNumber(texts.value).toLocaleString('en-US')} texts` : 'the text'}</h2>
      <dl class="facts">${[['to the previous character', 'previous'], ['to the first position', 'first'], ['to itself', 'self'], ['to the same character before', 'duplicate'], ['to what followed it then', 'induction']].map(([name, key]) =>
        html`<div><dt>${name}</dt><dd>${fixed(of(key!), 2)}</dd></div>`)}
        <div><dt>loss without it</dt><dd><b>${change(of('loss_change'), 4)}</b> ± ${fixed(of('standard_error'), 4)}</dd></div></dl>
      <p class="small soft">The first five are mean shares of its attention. None of them says what the head is good for; the last number does.</p></section>`;
  }

  override render(): TemplateResult {
    const title = head('Attention: what a position reads from those before it', 'Each head compares a query with the key of every position so far, and adds up their values in the weights that come out. Choose a head, then a row.');
    const missing = this.missing();
    if (missing) return html`<div class="stop">${title}${missing}</div>`;
    const { text, position, prediction } = lab.state;
    const { n_layer, n_head } = base()!.config.model;
    if (!n_layer) return html`<div class="stop">${title}<p class="notice">This model has no layers, and so no attention.</p></div>`;
    const { layer, head: h } = this.chosen;
    const patterns = this.page('study', 'attention', { '--text': text, '--heads': 0, '--positions': 0 });
    const steps = this.page('explain', 'attention', { '--text': text, '--position': position, '--layer': layer, '--head': h });
    const heads = this.page('study', 'heads', { '--top': 0, '--limit': 200 });
    const of = (l: number, k: number) => section(patterns, `layer${l}_head${k}`)?.table;
    const large = of(layer, h);
    const part = headPart(layer, h);
    return html`<div class="stop">${title}
      <div class="row small-maps" role="group" aria-label="All heads">${Array.from({ length: n_layer * n_head }, (_, i) => {
        const [l, k] = [Math.floor(i / n_head), i % n_head];
        const table = of(l, k);
        return table ? this.small(table, l, k) : nothing;
      })}</div>
      ${large ? html`<section class="panel"><div class="row wide"><h2>Head ${h} of layer ${layer}</h2>
          <button class="button" aria-pressed=${isOff(part) ? 'true' : 'false'} @click=${() => toggle(part)}>${isOff(part) ? 'switch it on again' : 'switch it off'}</button></div>
        <p class="small soft">A row is a position that looks, and adds up to 1. What it cannot see yet is hatched: when a position is computed, the later ones are not there.</p>
        <heat-table .table=${large} .label=${`Attention pattern of head ${h} of layer ${layer}`} .chosen=${position} ?dense=${large.rows.length > 12}
          .pick=${({ row }: { row: number }) => setPosition(row)} .pinned=${{ row: position, column: 1 }}></heat-table></section>` : nothing}
      <lab-question .ask=${`Without head ${h} of layer ${layer}, how does the loss of “${text}” change?`} .answers=${['It rises', 'It falls', 'By less than 0.005']}
        .judge=${async () => {
          const { loss } = await without([part]);
          const by = loss - lab.state.whole!.loss;
          return { right: Math.abs(by) < 0.005 ? 2 : by > 0 ? 0 : 1, says: `From ${fixed(lab.state.whole!.loss, 3)} to ${fixed(loss, 3)}: ${change(by)}. On one text a head can do harm and be worth having on the others.` };
        }}></lab-question>
      ${this.over(heads)}
      ${steps ? html`<h2>Position ${position}, ${plain(prediction!.labels[position] ?? '')}, step by step</h2>${steps.sections.map((s, i) => sectionView(s, steps, i))}` : nothing}
      ${this.problems('study/heads')}
      ${why('Does attention explain the output?', html`<p>No. A pattern says where a head looks, but not what it takes from there, nor what becomes of it. A head that looks hard at one place can write almost nothing, and a large weight can be
        on a value that no later part reads. That is why the loss without the head stands beside it here. <a href=${'#/ledger'}>The ledger</a> shows what each head adds to one prediction, exactly.</p>`)}
    </div>`;
  }
}
customElements.define('stop-attention', AttentionStop);
