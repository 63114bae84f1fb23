// The residual stream: what each stage would predict if it were the last, and how long the vector is and how far it turned.
import { html, nothing, type TemplateResult } from 'lit';
import { lab, setPosition } from '../lab';
import { asNumber, column, fixed, percent, plain } from '../page';
import '../parts/heat-table';
import '../parts/question';
import { sectionView } from '../parts/page-view';
import { words } from '../words';
import { head, Stop, why } from './stop';

export class StreamStop extends Stop {
  override render(): TemplateResult {
    const title = head('The stream: one vector that every part adds to', 'Attention and MLP never replace what is there; they add to it. So one can ask at every stage: what would the model predict if it stopped here?');
    const missing = this.missing();
    if (missing) return html`<div class="stop">${title}${missing}</div>`;
    const { text, position, prediction } = lab.state;
    const lens = this.ask('study', 'lens', { '--text': text, '--positions': 0 }).page;
    const here = this.ask('study', 'lens', { '--text': text, '--position': position }, undefined, 'here').page;
    const lengths = this.ask('study', 'residual', { '--text': text, '--position': position }, undefined, 'here').page;
    const table = lens?.sections.find((s) => s.table?.columns.some((c) => c.key === 'embed_norm'));
    const stages = here?.sections[0]?.table;
    return html`<div class="stop">${title}
      ${table ? html`<section class="panel"><h2>The probability of the real next character, stage by stage</h2>
        <heat-table .table=${table.table!} .label=${table.title ?? ''} .chosen=${position} .pick=${({ row }: { row: number }) => setPosition(row)} .pinned=${{ row: position, column: 2 }}></heat-table>
        ${table.note ? html`<p class="small soft">${words(table.note)}</p>` : nothing}</section>` : nothing}
      ${stages && prediction ? html`<lab-question .ask=${`Which part helps the real next character most after position ${position}?`}
        .answers=${stages.rows.slice(1).map((row) => String(row[0]).includes('mid') ? `attention (${String(row[0])})` : `MLP (${String(row[0])})`)}
        .judge=${() => {
          const p = stages.rows.map((row) => asNumber(row[column(stages, 'p_expected')]));
          const gains = p.slice(1).map((v, i) => v - p[i]!);
          const right = gains.indexOf(Math.max(...gains));
          return { right, says: `Its probability goes ${p.map((v) => percent(v)).join(' → ')}; this step adds ${fixed(100 * gains[right]!, 1)} percentage points${gains[right]! < 0 ? ', which is the smallest loss' : ''}.` };
        }}></lab-question>` : nothing}
      ${here ? here.sections.map((s) => sectionView(s, here)) : nothing}
      ${lengths ? html`<section class="panel"><h2>Length and direction, after ${plain(prediction!.labels[position] ?? '')}</h2>
        <p class="small soft">The length grows as parts add to the stream. The cosine says how far it turned: 1 is the same direction, 0 a right angle.</p></section>
        ${lengths.sections.map((s) => sectionView({ ...s, title: null }, lengths))}` : nothing}
      ${this.problems()}
      ${why('Why is this exact here?', html`<p>Most models scale the stream once more before they read it, so that what an early stage “would predict” depends on a choice. This one has no norm before lm_head and no biases:
        the logits of every stage are its vector times the same matrix, and the last stage is the model’s own answer.</p>`)}
    </div>`;
  }
}
customElements.define('stop-stream', StreamStop);
