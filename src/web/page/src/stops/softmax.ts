// Softmax, the lesson that the project began with: numbers, e^z, probabilities; what breaks without the maximum subtracted.
import { html, nothing, type TemplateResult } from 'lit';
import { entropy, jacobian, limits, properties, softmax, type Precision } from '../arithmetic';
import { base, engine, lab, report, setParam } from '../lab';
import { asNumber, column, fixed, minus, number, plain, section } from '../page';
import { bars } from '../parts/bars';
import '../parts/curve';
import { formula } from '../parts/formula';
import '../parts/heat-table';
import '../parts/question';
import { head, Stop, why } from './stop';

const example = [2, 1, 0.1];
const most = 32;

/** A number with the digits that show what happened to it. */
function written(value: number): TemplateResult | string {
  if (Number.isNaN(value)) return html`<b class="wrong">nan</b>`;
  if (!Number.isFinite(value)) return html`<b class="wrong">${value < 0 ? minus : ''}inf</b>`;
  if (value === 0) return '0';
  return Math.abs(value) >= 1e5 || Math.abs(value) < 1e-4 ? value.toExponential(3).replaceAll('-', minus) : fixed(value, 4);
}

export class SoftmaxStop extends Stop {
  static override properties = { temperature: { state: true } };
  declare temperature: number;
  private names: string[] = [];

  constructor() {
    super();
    this.temperature = 1;
  }

  private get z(): number[] {
    const given = (lab.state.params.z ?? '').split(',').map(Number);
    return lab.state.params.z && given.every((v) => !Number.isNaN(v)) ? given.slice(0, most) : example;
  }
  private get scale(): number {
    return Number(lab.state.params.scale ?? 1) || 0;
  }
  private get shift(): number {
    return Number(lab.state.params.shift ?? 0) || 0;
  }
  private get precision(): Precision {
    return lab.state.params.dtype === 'float32' ? 'float32' : 'float64';
  }
  /** What softmax is given: the numbers scaled and shifted. */
  private get given(): number[] {
    return this.z.map((v) => v * this.scale + this.shift);
  }
  private name = (i: number) => this.names[i] ?? String(i);

  private setZ(z: number[], names: string[] = []): void {
    this.names = names;
    setParam('z', z.join(','));
  }

  private async fromModel(options: Record<string, number | string>): Promise<void> {
    try {
      const page = await engine.page(lab.state.model!.model, 'explain', 'softmax', { '--text': lab.state.text, '--position': lab.state.position, '--top': 0, ...options });
      const table = section(page, 'numbers')!.table!;
      const z = column(table, 'z');
      const label = table.columns.findIndex((c, i) => i < table.labels && c.format.kind === 'text');
      lab.set({ params: { ...lab.state.params, scale: '1', shift: '0' } });
      const rows = table.rows.slice(0, most);
      this.setZ(rows.map((row) => Number(asNumber(row[z]).toPrecision(6))), rows.map((row) => (label < 0 ? String(row[0]) : plain(String(row[label])))));
    } catch (problem) {
      report(problem);
    }
  }

  private sources(): TemplateResult {
    const model = base();
    const heads = model ? Array.from({ length: model.config.model.n_layer * model.config.model.n_head }, (_, i) => i) : [];
    const perLayer = model?.config.model.n_head ?? 1;
    return html`<div class="row">
      <button class="button" @click=${() => { lab.set({ params: {} }); this.setZ(example); }}>2.0, 1.0, 0.1</button>
      <button class="button" @click=${() => this.setZ([1000, 0, -1000])}>1000, 0, ${minus}1000</button>
      ${lab.state.prediction ? html`<button class="button" @click=${() => this.fromModel({})}>logits of the model here</button>
        <label class="row small"><span class="soft">or the scores of a head</span> <select @change=${(e: Event) => {
          const chosen = (e.target as HTMLSelectElement).value;
          if (chosen) void this.fromModel({ '--layer': Math.floor(Number(chosen) / perLayer), '--head': Number(chosen) % perLayer });
        }}><option value="">choose</option>${heads.map((h) => html`<option value=${h}>layer ${Math.floor(h / perLayer)}, head ${h % perLayer}</option>`)}</select></label>` : nothing}</div>`;
  }

  private table(): TemplateResult {
    const { z, given, precision } = this;
    const naive = softmax(given, precision, false);
    const stable = softmax(given, precision, true);
    const edit = (i: number) => (e: Event) => {
      const value = Number((e.target as HTMLInputElement).value.replace(minus, '-').replace(',', '.'));
      if (Number.isFinite(value)) this.setZ(z.map((v, j) => (j === i ? value : v)), this.names);
    };
    const changed = this.scale !== 1 || this.shift !== 0;
    return html`<div class="table" role="region" aria-label="Softmax in two ways" tabindex="0"><table class="softmax-table">
      <thead><tr><td colspan=${changed ? 3 : 2}></td><th scope="colgroup" colspan="2" class="edge words">as the formula says</th><th scope="colgroup" colspan="3" class="edge words">with the maximum subtracted</th><td></td></tr>
      <tr><td></td><th scope="col">z</th>${changed ? html`<th scope="col">${this.scale === 1 ? '' : `${number(this.scale, 2)} · `}z${this.shift ? ` ${this.shift < 0 ? minus : '+'} ${number(Math.abs(this.shift), 1)}` : ''}</th>` : nothing}
        <th scope="col" class="edge">e<sup>z</sup></th><th scope="col">e<sup>z</sup> / sum</th>
        <th scope="col" class="edge">z ${minus} max</th><th scope="col">e<sup>z ${minus} max</sup></th><th scope="col">p</th><td></td></tr></thead>
      <tbody>${z.map((v, i) => html`<tr><th scope="row" class="mono">${this.name(i)}</th>
        <td><input class="field" inputmode="decimal" aria-label=${`z of ${this.name(i)}`} .value=${String(v).replace('-', minus)} @change=${edit(i)}></td>
        ${changed ? html`<td>${written(given[i]!)}</td>` : nothing}
        <td class="edge">${written(naive.exponentials[i]!)}</td><td>${written(naive.p[i]!)}</td>
        <td class="edge">${written(stable.exponents[i]!)}</td><td>${written(stable.exponentials[i]!)}</td><td><b>${written(stable.p[i]!)}</b></td>
        <td>${z.length > 2 ? html`<button class="link small" aria-label=${`remove ${this.name(i)}`} @click=${() => this.setZ(z.filter((_, j) => j !== i), this.names.filter((_, j) => j !== i))}>×</button>` : nothing}</td></tr>`)}
        <tr class="total"><th scope="row">sum</th><td></td>${changed ? html`<td></td>` : nothing}<td class="edge">${written(naive.sum)}</td><td>${written(naive.p.reduce((s, v) => s + v, 0))}</td>
        <td class="edge"></td><td>${written(stable.sum)}</td><td>${written(stable.p.reduce((s, v) => s + v, 0))}</td><td></td></tr></tbody></table></div>
      ${z.length < most ? html`<div><button class="link small" @click=${() => this.setZ([...z, 0], this.names.length ? [...this.names, '+'] : [])}>add a number</button></div>` : nothing}`;
  }

  private sliders(): TemplateResult {
    const { scale, shift, precision } = this;
    const slider = (name: string, says: string, value: number, low: number, high: number, step: number, set: (v: number) => void) => html`<label class="labelled">
      <span class="soft">${name}: <b>${says}</b></span><input type="range" min=${low} max=${high} step=${step} .value=${String(value)} aria-valuetext=${says}
        @input=${(e: Event) => set(Number((e.target as HTMLInputElement).value))}></label>`;
    const choice = (p: Precision) => html`<button class="button" aria-pressed=${precision === p ? 'true' : 'false'} @click=${() => setParam('dtype', p)}>${p}</button>`;
    return html`<div class="columns">
      ${slider('multiply every z by', number(scale, 2), scale > 0 ? Math.log10(scale) : -1, -1, 3, 0.02, (v) => setParam('scale', String(Number((10 ** v).toPrecision(3)))))}
      ${slider('add to every z', number(shift, 0), shift, -1000, 1000, 5, (v) => setParam('shift', String(v)))}
      <div class="row" role="group" aria-label="Precision">${choice('float32')}${choice('float64')}</div></div>`;
  }

  /** What became of the column that does not subtract the maximum, and why. */
  private outcome(): TemplateResult {
    const { given, precision } = this;
    const { exponentials, sum, p } = softmax(given, precision, false);
    const limit = limits[precision];
    const edge = html`In ${precision}, e<sup>z</sup> is inf above ${fixed(limit.inf, 1)} and 0 below ${fixed(limit.zero, 1)}.`;
    if (exponentials.some((e) => e === Infinity))
      return html`<p class="notice wrong"><b>The formula broke.</b> ${edge} Infinity divided by infinity is nan, which is no number, and every other e<sup>z</sup> divided by infinity is 0.
        With the maximum subtracted the largest exponent is 0, so nothing overflows.</p>`;
    if (sum === Infinity)
      return html`<p class="notice wrong"><b>The sum broke.</b> Every e<sup>z</sup> is a number, but their sum is too large for ${precision}: dividing by inf leaves 0. ${edge}</p>`;
    if (sum === 0)
      return html`<p class="notice wrong"><b>The formula broke.</b> ${edge} Every e<sup>z</sup> has become 0, and 0 / 0 is nan. With the maximum subtracted one of them is always 1.</p>`;
    if (p.some((v) => v === 0)) return html`<p class="notice">Some e<sup>z</sup> are so small that they have become 0. ${edge}</p>`;
    return html`<p class="small soft">Both columns give the same. ${edge} Drag a slider until the first one breaks.</p>`;
  }

  private temperatures(): TemplateResult {
    const { given } = this;
    const at = Array.from({ length: 60 }, (_, i) => 0.1 * 1.0645 ** i);
    const of = (t: number) => softmax(given.map((v) => v / t), 'float64', true).p;
    const now = of(this.temperature);
    const order = now.map((_, i) => i).sort((a, b) => now[b]! - now[a]!).slice(0, 3);
    return html`<section class="panel"><h2>Temperature</h2>
      <p>Divide every z by T first. A low temperature makes the largest stand out, a high one makes all alike.</p>
      ${formula(html`p = softmax(z / T), &ensp; entropy = −Σ<sub>i</sub> p<sub>i</sub> ln p<sub>i</sub>`, null, `${fixed(entropy(now), 4)} nats at T = ${fixed(this.temperature, 2)}; at most ln ${given.length} = ${fixed(Math.log(given.length), 4)}`)}
      <label class="labelled"><span class="soft">T: <b>${fixed(this.temperature, 2)}</b></span><input type="range" min="-2.3" max="1.4" step="0.02" .value=${String(Math.log(this.temperature))}
        aria-valuetext=${fixed(this.temperature, 2)} @input=${(e: Event) => (this.temperature = Math.exp(Number((e.target as HTMLInputElement).value)))}></label>
      <div class="columns"><div>${bars(now.map((v, i) => ({ name: html`<span class="mono">${this.name(i)}</span>`, value: v, text: fixed(v, 3) })).slice(0, 27), 'p', 1)}</div>
      <div><lab-curve .height=${220} label="The largest probabilities over the temperature" .xTitle=${'temperature'} .yTitle=${'p'}
        .lines=${order.map((i) => ({ name: `p of ${this.name(i)}`, x: at, y: at.map((t) => of(t)[i]!) }))}></lab-curve>
      <lab-curve .height=${160} label="The entropy over the temperature" .xTitle=${'temperature'} .yTitle=${'nats'}
        .lines=${[{ name: 'entropy', x: at, y: at.map((t) => entropy(of(t))) }]} .levels=${[{ name: `ln ${given.length}`, value: Math.log(given.length) }]}></lab-curve></div></div></section>`;
  }

  private derivative(): TemplateResult {
    const all = softmax(this.given, 'float64', true).p;
    const kept = all.map((_, i) => i).sort((a, b) => all[b]! - all[a]!).slice(0, 8).sort((a, b) => a - b);
    const full = jacobian(all);
    // Slopes of 1e-50 are all 0 to the eye and need no colour.
    const heat = Math.max(...full.flat().map(Math.abs)) > 1e-6 ? ('table' as const) : ('none' as const);
    const format = { kind: 'fixed' as const, digits: 4 };
    return html`<section class="panel"><h2>How each p changes with each z</h2>
      <p>Raise one z a little: its own p grows by p (1 ${minus} p), and every other p shrinks by the product of the two. Each column adds up to 0, because the probabilities still have to add up to 1.</p>
      ${formula(html`∂p<sub>i</sub>/∂z<sub>i</sub> = p<sub>i</sub> (1 − p<sub>i</sub>), &ensp; ∂p<sub>i</sub>/∂z<sub>j</sub> = −p<sub>i</sub> p<sub>j</sub>`)}
      <heat-table label="The Jacobian of softmax" .table=${{
        columns: [{ key: 'p', title: '', format: { kind: 'text', digits: 0 }, heat: 'none' }, ...kept.map((j) => ({ key: String(j), title: `dz of ${this.name(j)}`, format, heat }))],
        labels: 1,
        rows: kept.map((i) => [`dp of ${this.name(i)}`, ...kept.map((j) => full[i]![j]!)]),
        totals: 0, total_rows: kept.length, more: null,
      }}></heat-table>
      ${all.length > kept.length ? html`<p class="small soft">The eight largest of ${all.length}.</p>` : nothing}</section>`;
  }

  private checks(): TemplateResult {
    const naive = properties(this.given, this.precision, false);
    const stable = properties(this.given, this.precision, true);
    const verdict = (holds: boolean) => (holds ? 'yes' : html`<b class="wrong">no</b>`);
    return html`<section class="panel"><h2>Four properties, checked on these numbers</h2>
      <div class="table" role="region" aria-label="Four properties"><table class="checks"><thead><tr><td></td><th scope="col" class="words">as the formula says</th><th scope="col" class="words">maximum subtracted</th></tr></thead>
      <tbody>${stable.map((property, i) => html`<tr><th scope="row">${property.name}</th>
        <td class="words">${verdict(naive[i]!.holds)} <span class="soft">${naive[i]!.measured}</span></td><td class="words">${verdict(property.holds)} <span class="soft">${property.measured}</span></td></tr>`)}</tbody></table></div></section>`;
  }

  private question(): TemplateResult {
    const first = this.name(0);
    return html`<lab-question .ask=${html`Add 100 to every z. What happens to the probability of <span class="mono">${first}</span>?`} .answers=${['It grows', 'It stays what it is', 'It shrinks']}
      .judge=${() => {
        const moved = this.given.map((v) => v + 100);
        const before = softmax(this.given, this.precision, true).p[0]!;
        const after = softmax(moved, this.precision, true).p[0]!;
        const formulaSays = softmax(moved, this.precision, false).p[0]!;
        const right = Math.abs(after - before) < 1e-5 ? 1 : after > before ? 0 : 2;
        return { right, says: html`It was ${written(before)} and is ${written(after)}: every e<sup>z</sup> and their sum grow by the same factor, e<sup>100</sup>.
          Without the maximum subtracted, ${this.precision} says ${written(formulaSays)}.` };
      }}></lab-question>`;
  }

  override render(): TemplateResult {
    return html`<div class="stop">
      ${head('Softmax: any numbers become probabilities', 'Raise e to each number, which makes it positive, and divide by the sum. Change the numbers, and find out where this breaks and what programs do about it.')}
      ${this.sources()}
      <section class="panel">${formula(html`p<sub>i</sub> = e<sup>z<sub>i</sub></sup> / Σ<sub>j</sub> e<sup>z<sub>j</sub></sup>`)}${this.table()}${this.sliders()}${this.outcome()}</section>
      ${this.question()}${this.checks()}${this.temperatures()}${this.derivative()}
      ${why('Why subtract the maximum?', html`<p>e<sup>z − max</sup> = e<sup>z</sup> / e<sup>max</sup>, so every term of the quotient is divided by the same number, and the quotient stays what it is.
        But the largest exponent is now 0 and its exponential 1: nothing can overflow, and the sum lies between 1 and the number of terms. Exponentials of very negative numbers still become 0, which is right to all digits that can be shown.</p>
        <p>In microgpt.py these are lines 97 to 101. Attention uses them on its scores, the output on its logits. The program’s own page about these numbers is
        <a href=${`#/view/explain/softmax?NUMBER=${encodeURIComponent(this.given.join(' '))}`}>explain softmax</a>.</p>`)}
    </div>`;
  }
}
customElements.define('stop-softmax', SoftmaxStop);
