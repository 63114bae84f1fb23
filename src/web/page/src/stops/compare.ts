// Two models, or two moments of one run, side by side.
import { html, nothing, type TemplateResult } from 'lit';
import { address, changeOf, lab, moments, setChange, setParam } from '../lab';
import { headPart, mlpPart } from '../frame/switches';
import type { Model } from '../engine';
import { asNumber, column, fixed, percent, section } from '../page';
import '../parts/question';
import { facts, sectionView } from '../parts/page-view';
import { head, Stop, why } from './stop';

export class CompareStop extends Stop {
  private all(): { name: string; model: Model }[] {
    return lab.state.shelf.flatMap((s) => s.moments.map((model) => ({ name: `${s.name}, step ${model.step.toLocaleString('en-US')}`, model })));
  }

  /** Parts of B that can be taken from A, one by one: activation by weights, so that every view of B follows. */
  private patches(a: Model): TemplateResult | typeof nothing {
    const { shelf, subject, moment } = lab.state;
    const b = shelf[subject]!.moments[moment]!;
    const from = shelf.findIndex((s) => s.moments.includes(a));
    if (a === b || JSON.stringify(a.config.model) !== JSON.stringify(b.config.model)) return nothing;
    const button = (part: string, name: string) => {
      const change = `${part}<${from}:${a.step}`;
      const on = changeOf(part) === change;
      return html`<button class="button" aria-pressed=${on ? 'true' : 'false'} @click=${() => setChange(part, on ? undefined : change)}>${name}</button>`;
    };
    const { n_layer, n_head } = b.config.model;
    return html`<section class="panel"><h2>Take parts of B from A</h2><p class="small soft">A chosen part of B has the weights that it has in A. If one part brings back much of what A does, the difference lies there.</p>
      <div class="row">${Array.from({ length: n_layer }, (_, l) => [...Array.from({ length: n_head }, (_, h) => button(headPart(l, h), `L${l} head ${h}`)), button(mlpPart(l), `L${l} MLP`)])}</div></section>`;
  }

  override render(): TemplateResult {
    const title = head('Compare two models, or two moments', 'B is the model that all views look at now, with its switches. A is any other that is open here.');
    const missing = this.missing();
    if (missing) return html`<div class="stop">${title}${missing}</div>`;
    const all = this.all();
    const b = lab.state.model!;
    const wanted = Number(lab.state.params.a);
    const first = moments().length > 1 ? moments()[0]! : (all.find((m) => m.model !== b)?.model ?? b);
    const a = all.find((m) => m.model.model === wanted)?.model ?? first;
    const choice = html`<label class="row small"><span class="soft">A</span><select @change=${(e: Event) => setParam('a', (e.target as HTMLSelectElement).value)}>
      ${all.map((m) => html`<option value=${m.model.model} .selected=${m.model === a}>${m.name}</option>`)}</select></label>`;
    if (all.length < 2 && !lab.state.off.length) {
      return html`<div class="stop">${title}<div class="notice stack tight"><p>Only one model is open. <a href=${address('train')}>Train one</a>, and compare its beginning with its end; open a second checkpoint; or switch something off, and compare the model with itself.</p></div></div>`;
    }
    const slot = this.ask('study', 'diff', { A: a.path, B: b.path, '--text': lab.state.text }, 0);
    const page = slot.problem ? undefined : slot.page;
    const predictions = section(page, 'predictions')?.table;
    return html`<div class="stop">${title}
      <div class="row wide">${choice}<span class="small"><span class="soft">B</span> ${lab.state.shelf[lab.state.subject]!.name}, step ${b.step.toLocaleString('en-US')}${lab.state.off.length ? `, with ${lab.state.off.length} changes` : ''}</span></div>
      ${slot.problem ? html`<p class="notice wrong" role="alert">${slot.problem.message}</p>` : nothing}
      ${page ? facts(page) : nothing}
      ${predictions ? html`<lab-question .ask=${'At how many positions of the text do the two find the same character likeliest?'} .answers=${['At all', 'At half or more', 'At fewer than half']}
        .judge=${() => {
          const [x, y] = ['likeliest_a', 'likeliest_b'].map((k) => column(predictions, k)) as [number, number];
          const same = predictions.rows.filter((r) => r[x] === r[y]).length;
          const n = predictions.rows.length;
          const kl = predictions.rows.map((r) => asNumber(r[column(predictions, 'kl')])).filter(Number.isFinite);
          return { right: same === n ? 0 : same >= n / 2 ? 1 : 2, says: `At ${same} of ${n}, or ${percent(same / n)}. Their predictions differ by ${fixed(kl.reduce((s, v) => s + v, 0) / Math.max(1, kl.length), 3)} nats of KL divergence on the mean.` };
        }}></lab-question>` : nothing}
      ${this.patches(a)}
      ${page ? [...page.sections].sort((s) => (s.key === 'predictions' ? -1 : 0)).map((s) => sectionView(s, page)) : nothing}
      ${page && !page.sections.length ? html`<p class="notice">The two are equal, bit for bit.</p>` : nothing}
      ${why('What is KL divergence?', html`<p>The mean, over the characters that A expects, of how much less probable B finds them: Σ p<sub>A</sub> ln (p<sub>A</sub> / p<sub>B</sub>), in nats. It is 0 where both predict the same, and never below.</p>`)}
    </div>`;
  }
}
customElements.define('stop-compare', CompareStop);
