// Every head, MLP, neuron and position, on or off, and what that does to the loss.
import { html, nothing, type TemplateResult } from 'lit';
import { allOn, base, changeOf, lab, toggle } from '../lab';
import { change, fixed, plain } from '../page';
import { Listening } from '../parts/part';

export const headPart = (layer: number, head: number) => `layer${layer}.attn.z[head ${head}]`;
export const mlpPart = (layer: number) => `layer${layer}.mlp.out`;
export const neuronPart = (layer: number, neuron: number) => `layer${layer}.mlp.post[neuron ${neuron}]`;
export const positionPart = (position: number) => `embed.position[position ${position}]`;

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

const button = (part: string, text: string, name: string) => {
  const change = changeOf(part);
  const state = change === undefined ? 'on' : change === part ? 'off' : 'taken from another model';
  return html`<button class="switch ${change !== undefined && change !== part ? 'patched' : ''}" role="switch" aria-checked=${change === part ? 'false' : 'true'}
    aria-label=${change === undefined || change === part ? name : `${name}, ${state}`} title=${`${name}: ${state}`} @click=${() => toggle(part)}>${text}</button>`;
};

export class Switches extends Listening {
  static override properties = { layer: { state: true } };
  protected override stores = [lab] as never[];
  declare layer: number;
  constructor() {
    super();
    this.layer = 0;
  }

  private losses(): TemplateResult {
    const { heldOut, heldOutWhole, split, prediction, whole, off } = lab.state;
    const row = (name: string, now: number | undefined, before: number | undefined) => {
      const difference = now !== undefined && before !== undefined && off.length ? html` <b>${change(now - before)}</b>` : nothing;
      return now === undefined || !Number.isFinite(now) ? nothing : html`<dt>${name}</dt><dd>${fixed(now, 3)}${difference}</dd>`;
    };
    return html`<dl>${row('this text', prediction?.loss, whole?.loss)}${row(split === 'val' ? 'held-out text' : 'its own text', heldOut, heldOutWhole)}</dl>
      ${off.length ? html`<p class="row"><button class="button" @click=${allOn}>all as trained</button><span class="soft">${off.length} changed</span></p>
        <ul class="changes">${off.filter((c) => /[=<]/.test(c)).map((c) => html`<li><button class="link mono" title="take this change back" @click=${() => lab.state.off.includes(c) && toggle(c.replace(/(=[^=]*|<\d+:\d+)$/, ''))}>${c.replace(/<\d+:(\d+)$/, ' from step $1')}</button></li>`)}</ul>` : nothing}`;
  }

  override render(): TemplateResult {
    const model = base();
    if (!model) return html`<p class="soft">Here will be a switch for every part of the model.</p>`;
    const { n_layer, n_head, n_embd } = model.config.model;
    const layer = Math.min(this.layer, Math.max(0, n_layer - 1));
    const labels = lab.state.prediction?.labels ?? [];
    return html`
      <section aria-label="Loss"><h2>Loss <span class="soft">nats per character</span></h2>${this.losses()}</section>
      ${n_layer ? html`<section><h2>Heads</h2><div class="switch-grid">${upTo(n_layer).map((l) => html`<div class="switch-row"><span class="where">L${l}</span>
        ${upTo(n_head).map((h) => button(headPart(l, h), String(h), `head ${h} of layer ${l}`))}</div>`)}</div></section>
      <section><h2>MLPs</h2><div class="switch-row">${upTo(n_layer).map((l) => button(mlpPart(l), `L${l}`, `MLP of layer ${l}`))}</div>
        <details><summary>single neurons</summary>
          ${n_layer > 1 ? html`<label class="labelled">layer <select @change=${(e: Event) => (this.layer = Number((e.target as HTMLSelectElement).value))}>
            ${upTo(n_layer).map((l) => html`<option value=${l} ?selected=${l === layer}>${l}</option>`)}</select></label>` : nothing}
          <div class="neurons" role="group" aria-label=${`neurons of layer ${layer}`}>${upTo(4 * n_embd).map((n) => button(neuronPart(layer, n), String(n), `neuron ${n} of layer ${layer}`))}</div>
        </details></section>` : nothing}
      <section><h2>Positions</h2><div class="switch-row">${button('embed.position', 'all', 'all position embeddings')}
        ${labels.map((label, i) => button(positionPart(i), plain(label) === 'BOS' ? '0' : String(i), `embedding of position ${i}`))}</div></section>`;
  }
}
customElements.define('lab-switches', Switches);
