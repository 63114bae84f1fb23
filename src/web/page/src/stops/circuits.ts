// A head of the first layer as a whole table over pairs of tokens.
import { html, nothing, type TemplateResult } from 'lit';
import { base, lab, setParam } from '../lab';
import { asNumber, fixed, plain, section, show } from '../page';
import '../parts/heat-table';
import type { Pick } from '../parts/heat-table';
import '../parts/question';
import { head, Stop, why } from './stop';

export class CircuitsStop extends Stop {
  override render(): TemplateResult {
    const title = head('Circuits: a head as one table', 'In the first layer a head sees nothing but characters and their positions. So everything it can do fits into two tables: which character looks at which, and what is written when it does.');
    const missing = this.missing();
    if (missing) return html`<div class="stop">${title}${missing}</div>`;
    const { n_head, n_layer } = base()!.config.model;
    if (!n_layer) return html`<div class="stop">${title}<p class="notice">This model has no layers, and so no heads.</p></div>`;
    const h = Math.min(Math.max(0, Number(lab.state.params.head ?? 0) || 0), n_head - 1);
    const ov = lab.state.params.table === 'ov';
    const page = this.page('study', 'circuits', { '--head': h, '--top': 12, ...(ov ? { '--ov': true } : {}) });
    const table = section(page, 'table')?.table;
    const strongest = section(page, 'strongest')?.table;
    const [r, c] = (lab.state.params.cell ?? '0.0').split('.').map(Number) as [number, number];
    const row = table?.rows[r];
    const value = row ? asNumber(row[c + 1]) : NaN;
    const from = row ? plain(String(row[0])) : '';
    const to = table?.columns[c + 1] ? plain(table.columns[c + 1]!.title) : '';
    const button = (on: boolean, text: string, set: () => void) => html`<button class="button" aria-pressed=${on ? 'true' : 'false'} @click=${set}>${text}</button>`;
    return html`<div class="stop">${title}
      <div class="row wide"><div class="row" role="group" aria-label="Head">${Array.from({ length: n_head }, (_, i) => button(i === h, `head ${i}`, () => setParam('head', String(i))))}</div>
        <div class="row" role="group" aria-label="Which table">${button(!ov, 'who looks at whom', () => setParam('table', undefined))}${button(ov, 'what that writes', () => setParam('table', 'ov'))}</div></div>
      ${table ? html`<section class="panel"><h2>${ov ? 'What attending to a character (row) adds to each logit (column)' : 'The score that a character (row) gives to one before it (column)'}</h2>
        <heat-table .table=${table} dense .label=${section(page, 'table')?.title ?? ''} .pinned=${{ row: r, column: c + 1 }} .pick=${(at: Pick) => setParam('cell', `${at.row}.${at.column - 1}`)}></heat-table>
        <p>${ov ? html`Where this head looks at <b class="mono">${from}</b>, it adds <b>${fixed(value, 3)}</b> to the logit of <b class="mono">${to}</b>${Math.abs(value) > 0 ? html`, which multiplies its odds by ${fixed(Math.exp(value), 2)}` : ''}.`
          : html`A <b class="mono">${from}</b> that looks at a <b class="mono">${to}</b> gives it a score of <b>${fixed(value, 3)}</b>: its weight is multiplied by e to that, ${fixed(Math.exp(value), 2)}.`}</p></section>` : nothing}
      ${strongest ? html`<section class="panel"><h2>The strongest entries</h2><heat-table .table=${strongest} label="The strongest entries"></heat-table></section>` : nothing}
      ${table && ov ? html`<lab-question .ask=${`Does head ${h} make a character that it looks at likelier to come again, for most of them?`} .answers=${['Yes: most of the diagonal is above 0', 'No']}
        .judge=${() => {
          const labels = table.columns.map((k) => k.title);
          const diagonal = table.rows.map((k) => asNumber(k[labels.indexOf(String(k[0]))])).filter(Number.isFinite);
          const up = diagonal.filter((v) => v > 0).length;
          return { right: up > diagonal.length / 2 ? 0 : 1, says: `${up} of ${diagonal.length} entries of the diagonal are above 0; their mean is ${fixed(diagonal.reduce((s, v) => s + v, 0) / diagonal.length, 3)}.` };
        }}></lab-question>` : table ? html`<lab-question .ask=${`Does BOS, which opens every text, get a higher score than the mean from most characters in head ${h}?`} .answers=${['Yes, from most', 'No']}
        .judge=${() => {
          const bos = table.columns.findIndex((k) => k.title === 'BOS');
          const higher = table.rows.filter((k) => {
            const values = k.slice(1).map((v) => asNumber(v)).filter(Number.isFinite);
            return asNumber(k[bos]) > values.reduce((s, v) => s + v, 0) / values.length;
          }).length;
          return { right: higher > table.rows.length / 2 ? 0 : 1, says: `${higher} of ${table.rows.length} characters give BOS more than their mean score. A head that has nothing to do can rest its attention there.` };
        }}></lab-question>` : nothing}
      ${this.problems()}
      ${why('What is averaged here?', html`<p>A score depends on both characters and both positions. The table is the mean over ${page ? show(page.facts.averaged?.value ?? null, { kind: 'whole', digits: 0 }) : 'all'} pairs of positions;
        <a href="#/view/study/circuits">study circuits</a> takes any query and key position. In deeper layers a head reads what earlier parts wrote, and no such table exists.</p>`)}
    </div>`;
  }
}
customElements.define('stop-circuits', CircuitsStop);
