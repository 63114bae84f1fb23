// One slider through the moments of a run; every view follows it.
import { html, type TemplateResult } from 'lit';
import { lab, moments, setMoment, setSubject } from '../lab';
import { Listening } from '../parts/part';

export class History extends Listening {
  protected override stores = [lab] as never[];
  override render(): TemplateResult {
    const { moment, shelf, subject } = lab.state;
    const all = moments();
    const step = all[moment]?.step ?? 0;
    const models = shelf.length > 1
      ? html`<label><span class="unseen">Model</span><select @change=${(e: Event) => setSubject(Number((e.target as HTMLSelectElement).value))}>
          ${shelf.map((s, i) => html`<option value=${i} ?selected=${i === subject} .selected=${i === subject}>${s.name}</option>`)}</select></label>`
      : html`<span class="soft">History</span>`;
    return html`<div class="history">${models}
      ${all.length > 1
        ? html`<input type="range" min="0" max=${all.length - 1} .value=${String(moment)} aria-label="Moment of the run" aria-valuetext=${`step ${step}`}
            @input=${(e: Event) => setMoment(Number((e.target as HTMLInputElement).value))}>
          <output>step ${step.toLocaleString('en-US')} of ${all[all.length - 1]!.step.toLocaleString('en-US')}</output>`
        : html`<span class="soft">${all.length ? 'One moment of this model is known. Train one here, and this slider moves every view through its history.' : ''}</span><span></span>`}
    </div>`;
  }
}
customElements.define('lab-history', History);
