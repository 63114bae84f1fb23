// Gradients: of every tensor on this text, and of one weight as a sum over positions; why is this one zero?
import { html, nothing, type TemplateResult } from 'lit';
import { base, engine, lab } from '../lab';
import { asNumber, column, number, plain, section, unquoted } from '../page';
import '../parts/heat-table';
import type { Pick } from '../parts/heat-table';
import '../parts/question';
import { sectionView } from '../parts/page-view';
import { words } from '../words';
import { head, Stop, why } from './stop';
import { chosenWeight, setWeight, weightChoice, written } from './weight';

export class GradientsStop extends Stop {
  override render(): TemplateResult {
    const title = head('Gradients: what each weight should do', 'The gradient of a weight says how the loss of this text responds when the weight moves. Training moves every weight a little against its gradient.');
    const missing = this.missing();
    if (missing) return html`<div class="stop">${title}${missing}</div>`;
    const { text } = lab.state;
    const page = this.page('study', 'gradients', { '--text': text, '--top': 0 });
    const table = section(page, 'tensors')?.table;
    const weight = chosenWeight();
    const one = this.ask('explain', 'backprop', { '--text': text, '--weight': written(weight) });
    const reason = section(one.page, 'why_zero');
    const absent = base()!.vocabulary.findIndex((v) => v !== 'BOS' && !text.includes(unquoted(v)));
    const absentLabel = absent < 0 ? '' : plain(base()!.vocabulary[absent]!);
    return html`<div class="stop">${title}
      ${table ? html`<section class="panel"><h2>Every tensor, on “${text}”</h2>
        <heat-table .table=${table} label="The gradient of every tensor" .chosen=${table.rows.findIndex((r) => r[0] === weight.tensor)}
          .pick=${({ row }: Pick) => { const at = /\[(\d+),(\d+)\]/.exec(String(table.rows[row]![column(table, 'largest_at')])); setWeight({ tensor: String(table.rows[row]![0]), row: Number(at?.[1] ?? 0), column: Number(at?.[2] ?? 0) }); }}></heat-table>
        <p class="small soft">${words(section(page, 'tensors')?.note ?? '')} Choose a number to see the largest entry of that tensor.</p></section>` : nothing}
      ${absent >= 0 ? html`<lab-question .ask=${html`“${text}” has no <span class="mono">${absentLabel}</span>. What is the gradient of the first number in the embedding of <span class="mono">${absentLabel}</span>, and of the first in its row of lm_head?`}
        .answers=${['Both are 0', 'Only that of the embedding is 0', 'Neither is 0']}
        .judge=${async () => {
          const gradient = async (name: string) => asNumber(section(await this.once(`${name}[${absent},0]`), 'chain')?.result);
          const [a, b] = [await gradient('wte'), await gradient('lm_head')];
          setWeight({ tensor: 'lm_head', row: absent, column: 0 });
          return { right: a === 0 && b === 0 ? 0 : a === 0 ? 1 : 2, says: `They are ${number(a, 4)} and ${number(b, 4)}. Nothing read ${absentLabel}, so its embedding played no part. But softmax gave ${absentLabel} a probability at every position, and lm_head is told to lower it.` };
        }}></lab-question>` : nothing}
      <section class="panel"><h2>One weight: ${written(weight)}</h2>${weightChoice()}
        ${one.problem ? html`<p class="notice wrong" role="alert">${one.problem.message}</p>` : nothing}
        ${reason ? html`<p class="notice"><b>This gradient is exactly 0.</b> ${reason.says}</p>` : nothing}</section>
      ${one.page && !one.problem ? one.page.sections.filter((s) => s.key !== 'why_zero').map((s, i) => sectionView(s, one.page!, i)) : nothing}
      ${why('How does one pass give them all?', html`<p>The chain rule, from the loss back. Each step knows how the loss responds to its output, and passes on how it responds to its inputs. So the work of one pass back is about twice that of the pass forward,
        for any number of weights. Nudging every weight instead would take two passes each; the table above does it once per tensor, as a check.</p>`)}
    </div>`;
  }
  private once(weight: string) {
    return engine.page(lab.state.model!.model, 'explain', 'backprop', { '--text': lab.state.text, '--weight': weight });
  }
}
customElements.define('stop-gradients', GradientsStop);
