// Neurons: which fire on this text, what one of them fires on elsewhere, and which characters it makes likelier.
import { html, nothing, type TemplateResult } from 'lit';
import { base, isOff, lab, setParam, setPosition, toggle } from '../lab';
import { neuronPart } from '../frame/switches';
import { asNumber, change, column, fixed, percent, section, type Value } from '../page';
import '../parts/heat-table';
import type { Pick } from '../parts/heat-table';
import '../parts/question';
import { without } from '../without';
import { head, Stop, why } from './stop';

const neuronOf = (address: unknown) => /^layer(\d+)\.mlp\.post\[neuron (\d+)\]/.exec(String(address));

const shortName = (address: Value | undefined) => {
  const found = neuronOf(address);
  return found ? `L${found[1]} neuron ${found[2]}` : String(address);
};

export class NeuronsStop extends Stop {
  override render(): TemplateResult {
    const title = head('Neurons: what they fire on and what they write', 'A neuron looks for one direction in the stream. Where it finds it, it writes another direction, which raises some characters and lowers others. Choose one.');
    const missing = this.missing();
    if (missing) return html`<div class="stop">${title}${missing}</div>`;
    const { text, position } = lab.state;
    const firing = this.ask('study', 'neurons', { '--text': text, '--neurons': 0 }).page;
    const over = this.ask('study', 'neurons', { '--neurons': 0, '--limit': 400 }, undefined, 'over');
    const table = section(firing, 'neurons')?.table;
    const all = section(over.page, 'neurons')?.table;
    const rows = table?.rows ?? [];
    const first = neuronOf(rows[0]?.[0]);
    const [layer, neuron] = (lab.state.params.neuron ?? `${first?.[1] ?? 0}.${first?.[2] ?? 0}`).split('.').map(Number) as [number, number];
    const name = `layer${layer}.mlp.post[neuron ${neuron}]`;
    const chosen = rows.findIndex((row) => row[0] === name);
    const known = all?.rows.find((row) => row[0] === name);
    const part = neuronPart(layer, neuron);
    const cell = (key: string) => (all && known ? known[column(all, key)] : null);
    const total = 4 * base()!.config.model.n_embd * base()!.config.model.n_layer;
    return html`<div class="stop">${title}
      ${table ? html`<section class="panel"><h2>On “${text}”</h2>
        <heat-table .table=${{ ...table, rows: rows.map(([address, ...values]) => [shortName(address), ...values]) }} label="Activations of neurons on the text" .most=${14} .chosen=${chosen} .pinned=${chosen >= 0 ? { row: chosen, column: Math.min(position + 1, table.columns.length - 1) } : undefined}
          .pick=${({ row, column: c }: Pick) => { const found = neuronOf(rows[row]?.[0]); if (found) setParam('neuron', `${found[1]}.${found[2]}`);
            const at = /^position_(\d+)$/.exec(table.columns[c]?.key ?? ''); if (at) setPosition(Number(at[1])); }}></heat-table>
        <p class="small soft">${rows.length} of ${total} neurons fire somewhere on this text; the others are 0 at every position.</p></section>` : nothing}
      <section class="panel"><div class="row wide"><h2>Neuron ${neuron} of layer ${layer}</h2>
          <button class="button" aria-pressed=${isOff(part) ? 'true' : 'false'} @click=${() => toggle(part)}>${isOff(part) ? 'switch it on again' : 'switch it off'}</button></div>
        ${known ? html`<dl class="facts">
            <div><dt>active at</dt><dd>${percent(asNumber(cell('active')))} of all positions</dd></div>
            <div><dt>mean</dt><dd>${fixed(asNumber(cell('mean')), 3)}</dd></div>
            <div><dt>adds at most</dt><dd>${fixed(asNumber(cell('reach')), 3)} to the stream’s length</dd></div></dl>
          <dl class="facts"><div><dt>makes likelier</dt><dd class="mono">${cell('promotes')}</dd></div><div><dt>less likely</dt><dd class="mono">${cell('suppresses')}</dd></div></dl>
          <p class="small"><span class="soft">It fires most in</span> <span class="mono">${cell('contexts')}</span> <span class="soft">(the mark stands where it fires)</span></p>`
          : over.problem ? html`<p class="small soft">The text that this model was trained on is not here, so the page cannot say what else this neuron fires on.</p>` : nothing}</section>
      <lab-question .ask=${`Without neuron ${neuron} of layer ${layer}, how does the loss of “${text}” change?`} .answers=${['It rises', 'It falls', 'By less than 0.001']}
        .judge=${async () => {
          const by = (await without([part])).loss - lab.state.whole!.loss;
          return { right: Math.abs(by) < 0.001 ? 2 : by > 0 ? 0 : 1, says: `By ${change(by, 4)}. ${chosen < 0 ? 'It is silent on this text, so nothing of it is missed.' : ''}` };
        }}></lab-question>
      ${why('Is a neuron one idea?', html`<p>Often not. A small model has more things to tell apart than neurons, so most of them answer to several. The list of texts says what a neuron fires on, and the two lists of characters what it does;
        whether they belong together is for the reader to judge. The arithmetic of one position is in <a href=${`#/view/explain/mlp?text=${encodeURIComponent(text)}&pos=${position}`}>explain mlp</a>.</p>`)}
    </div>`;
  }
}
customElements.define('stop-neurons', NeuronsStop);
