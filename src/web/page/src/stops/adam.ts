// Adam for one weight: two moving averages, their corrections, and the step.
import { html, nothing, type TemplateResult } from 'lit';
import { lab } from '../lab';
import { asNumber, column, number, section } from '../page';
import '../parts/question';
import { lines } from '../parts/formula';
import { sectionView } from '../parts/page-view';
import { head, Stop, why } from './stop';
import { chosenWeight, weightChoice, written } from './weight';

export class AdamStop extends Stop {
  override render(): TemplateResult {
    const title = head('Adam: how one weight moves', 'Adam remembers which way the gradient of a weight has been pointing and how large it has been. The weight moves by the ratio of the two, so that all weights move at a like pace.');
    const missing = this.missing();
    if (missing) return html`<div class="stop">${title}${missing}</div>`;
    const weight = written(chosenWeight());
    const slot = this.ask('explain', 'adam', { '--text': lab.state.text, '--weight': weight });
    const page = slot.problem ? undefined : slot.page;
    const table = section(page, 'update')?.table;
    const of = (key: string) => (table ? asNumber(table.rows[0]?.[column(table, key)]) : NaN);
    const gradient = asNumber(section(page, 'gradient')?.result);
    return html`<div class="stop">${title}
      ${weightChoice()}
      ${slot.problem ? html`<p class="notice wrong" role="alert">${slot.problem.message}</p>` : nothing}
      ${page && table ? html`
        <lab-question .ask=${html`With “${lab.state.text}” as the next document, which way will <span class="mono">${weight}</span> move?`} .answers=${['Up', 'Down', 'Not at all']}
          .judge=${() => {
            const by = of('change');
            const against = Math.sign(by) === -Math.sign(gradient);
            return { right: by > 0 ? 0 : by < 0 ? 1 : 2, says: `By ${number(by, 6)}; its gradient here is ${number(gradient, 6)}. ${by === 0 ? 'At the end of a run the learning rate has reached 0.' : against ? 'It moves against the gradient.' : 'It moves on the way it has been going: the average of earlier gradients outweighs this one.'}` };
          }}></lab-question>
        <dl class="numbers-big"><div><dt>the weight before</dt><dd>${number(of('before'), 5)}</dd></div><div><dt>its change</dt><dd>${number(of('change'), 6)}</dd></div><div><dt>after</dt><dd>${number(of('after'), 5)}</dd></div>
          <div><dt>change in learning rates</dt><dd>${Number.isFinite(of('change_in_rates')) ? number(of('change_in_rates'), 3) : 'the rate is 0'}</dd></div></dl>
        <p>${page.about} ${lines(page.lines)}</p>
        ${page.sections.map((s, i) => sectionView(s, page, i))}` : nothing}
      ${why('Why divide by the size of the gradient?', html`<p>Gradients of different weights differ by factors of thousands. With one rate for all, some weights would jump while others stand still. Divided by its own recent size, a steady gradient moves its weight by about one learning rate a step,
        whatever its size, and a gradient that keeps changing its sign moves it hardly at all.</p>
        <p>In the first step both averages consist of this one gradient, so the change is one learning rate exactly. Train a model, move the slider below to its beginning, and see.</p>`)}
    </div>`;
  }
}
customElements.define('stop-adam', AdamStop);
