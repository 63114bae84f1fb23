// Writing, character by character: the distribution, what temperature and the cut-offs make of it, and the draw.
import { html, nothing, type TemplateResult } from 'lit';
import { base, engine, lab, report, setParam, setText } from '../lab';
import { fixed, glyph, percent, unquoted } from '../page';
import { distribution } from '../parts/distribution';
import '../parts/question';
import { head, Stop, why } from './stop';

interface Settings {
  temperature: number;
  top_k: number;
  top_p: number;
  min_p: number;
}

/** The probabilities that are drawn from, in the order of the program: temperature, then top-k, top-p and min-p. */
export function cut(p: number[], { temperature, top_k, top_p, min_p }: Settings): { p: number[]; barred: Set<number> } {
  const most = Math.max(...p);
  const scaled = temperature > 0 ? p.map((v) => (v / most) ** (1 / temperature)) : p.map((v) => (v === most ? 1 : 0));
  const normal = (values: number[]) => {
    const sum = values.reduce((s, v) => s + v, 0);
    return values.map((v) => v / sum);
  };
  let now = normal(scaled);
  const order = now.map((_, i) => i).sort((a, b) => now[b]! - now[a]!);
  const barred = new Set<number>();
  if (top_k > 0) order.slice(top_k).forEach((i) => barred.add(i));
  const kept = normal(now.map((v, i) => (barred.has(i) ? 0 : v)));
  let sum = 0;
  for (const i of order) {
    if (sum >= top_p) barred.add(i);
    sum += kept[i]!;
  }
  for (const i of order) if (now[i]! < min_p * now[order[0]!]!) barred.add(i);
  now = normal(now.map((v, i) => (barred.has(i) ? 0 : v)));
  return { p: now, barred };
}

export class GenerateStop extends Stop {
  static override properties = { drawn: { state: true }, texts: { state: true }, ended: { state: true } };
  declare drawn: number | undefined;
  declare texts: { text: string; isNew: boolean | null }[];
  declare ended: boolean;
  private seed = 1;

  constructor() {
    super();
    this.texts = [];
    this.ended = false;
  }

  private get settings(): Settings {
    const number = (key: string, otherwise: number) => {
      const value = Number(lab.state.params[key] ?? otherwise);
      return Number.isFinite(value) ? value : otherwise;
    };
    return { temperature: number('temperature', 1), top_k: number('top_k', 0), top_p: number('top_p', 1), min_p: number('min_p', 0) };
  }

  /** The engine draws; the text grows by what it drew. */
  private async step(): Promise<boolean> {
    const { text, model, prediction } = lab.state;
    const written = [...text];
    if (written.length >= base()!.config.model.block_size) {
      this.ended = true;
      return false;
    }
    const { samples } = await engine.sample(model!.model, { ...this.settings, count: 1, seed: this.seed++, prompt: text, max_chars: written.length + 1 });
    const next = [...samples[0]!.text].slice(written.length)[0];
    const { vocabulary } = prediction!;
    if (next === undefined) {
      this.drawn = vocabulary.indexOf('BOS');
      this.ended = true;
      return false;
    }
    this.ended = false;
    lab.set({ position: written.length + 1 });
    setText(text + next);
    return true;
  }
  private async act(action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (problem) {
      report(problem);
    }
  }
  private async toTheEnd(): Promise<void> {
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    while (this.isConnected && (await this.step())) if (!calm) await new Promise((resolve) => setTimeout(resolve, 120));
  }
  private restart(text: string): void {
    this.ended = false;
    this.drawn = undefined;
    lab.set({ position: [...text].length });
    setText(text);
  }
  private async many(): Promise<void> {
    const drawn = await engine.sample(lab.state.model!.model, { ...this.settings, count: 12, seed: this.seed++, prompt: '' });
    this.texts = drawn.samples.map((s) => ({ text: s.text, isNew: s.new }));
  }

  private sliders(): TemplateResult {
    const s = this.settings;
    const v = lab.state.prediction!.vocabulary.length;
    const slider = (name: string, key: keyof Settings, low: number, high: number, step: number, says: string) => html`<label class="labelled"><span class="soft">${name}: <b>${says}</b></span>
      <input type="range" min=${low} max=${high} step=${step} .value=${String(s[key])} aria-valuetext=${says} @input=${(e: Event) => setParam(key, (e.target as HTMLInputElement).value)}></label>`;
    return html`<div class="columns">
      ${slider('temperature', 'temperature', 0, 2, 0.05, s.temperature === 0 ? '0, always the likeliest' : fixed(s.temperature, 2))}
      ${slider('top-k', 'top_k', 0, v, 1, s.top_k ? `the ${s.top_k} likeliest` : 'off')}
      ${slider('top-p', 'top_p', 0.05, 1, 0.05, s.top_p < 1 ? `those that make up ${percent(s.top_p)}` : 'off')}
      ${slider('min-p', 'min_p', 0, 1, 0.05, s.min_p ? `at least ${percent(s.min_p)} of the likeliest` : 'off')}</div>`;
  }

  private cache(): TemplateResult {
    const { n_layer, n_embd } = base()!.config.model;
    const { labels } = lab.state.prediction!;
    const n = labels.length;
    return html`<section class="panel"><h2>The key-value cache</h2>
      <p>To write the next character, only the newest position is computed. The keys and values of the ${n - 1} before it never change, so they are kept: ${n_layer} × 2 × ${n_embd} numbers for each position,
        ${(n * n_layer * 2 * n_embd).toLocaleString('en-US')} now. Without the cache, all ${n} positions would be computed again for each character, ${((n * (n + 1)) / 2).toLocaleString('en-US')} passes so far instead of ${n}.</p>
      <ol class="cache" aria-label="Positions in the cache">${labels.map((label, i) => html`<li class=${i === n - 1 ? 'new' : ''}><span class="mono">${glyph(label)}</span><small>${i === n - 1 ? 'computed now' : 'kept'}</small></li>`)}</ol></section>`;
  }

  override render(): TemplateResult {
    const title = head('Generate: one character after the other', 'The model gives every character a probability, one of them is drawn, and the text with it is read again. That is all there is to writing.');
    const missing = this.missing();
    if (missing) return html`<div class="stop">${title}${missing}${lab.state.textProblem ? html`<button class="button" @click=${() => this.restart('')}>begin with nothing</button>` : nothing}</div>`;
    const { prediction, text } = lab.state;
    const { vocabulary, probabilities } = prediction!;
    const row = probabilities[probabilities.length - 1]!;
    const settings = this.settings;
    const { p, barred } = cut(row, settings);
    const changed = settings.temperature !== 1 || barred.size > 0;
    return html`<div class="stop">${title}
      <div class="row"><button class="button main" @click=${() => this.act(() => this.step())}>Draw one character</button>
        <button class="button" @click=${() => this.act(() => this.toTheEnd())}>to the end</button>
        <button class="button" @click=${() => this.restart('')}>begin again</button>
        <span role="status" class="small soft">${this.ended ? `“${text}” is complete: ${[...text].length >= base()!.config.model.block_size ? 'the context is full' : 'BOS was drawn, which ends a text'}.` : ''}</span></div>
      <section class="panel"><h2>What comes after “${text}”</h2>
        ${distribution(vocabulary, p, { before: changed ? row : undefined, barred, drawn: this.ended ? this.drawn : undefined, pick: (t) => { const label = vocabulary[t]!; if (label === 'BOS') { this.drawn = t; this.ended = true; } else this.restart(text + unquoted(label)); } })}
        <p class="small soft">${changed ? 'Bars: what is drawn from. Black marks: what the model said. ' : ''}Choose a letter to take it yourself.</p>
        ${this.sliders()}</section>
      <lab-question .ask=${'At half the temperature, what happens to the probability of the likeliest character?'} .answers=${['It grows', 'It stays the same', 'It shrinks']}
        .judge=${() => {
          const colder = cut(row, { ...settings, temperature: Math.max(0.01, settings.temperature / 2) }).p;
          const [a, b] = [Math.max(...p), Math.max(...colder)];
          return { right: b > a + 1e-9 ? 0 : b < a - 1e-9 ? 2 : 1, says: `It goes from ${percent(a)} to ${percent(b)}. Halving the temperature squares every probability before they are made to add up to 1 again.` };
        }}></lab-question>
      <section class="panel"><div class="row wide"><h2>Twelve at once</h2><button class="button" @click=${() => this.act(() => this.many())}>write twelve</button></div>
        ${this.texts.length ? html`<ul class="sample-list twelve">${this.texts.map((t) => html`<li><span class="words"><a href=${`#/ledger?text=${encodeURIComponent(t.text)}&pos=${Math.max(0, [...t.text].length - 1)}`}>${t.text || '(nothing)'}</a></span><span class="soft">${t.isNew === null ? '' : t.isNew ? 'new' : 'in its text'}</span></li>`)}</ul>
          <p class="small soft">Each leads to the sum behind its last letter.</p>` : nothing}</section>
      ${this.cache()}
      ${why('Why not always take the likeliest?', html`<p>Then a model writes the same text every time. Drawing at random makes the texts as varied as the ones it has read. A temperature below 1 is safer, above 1 wilder; the cut-offs take away the long tail of characters that are improbable one by one and frequent together.</p>`)}
    </div>`;
  }
}
customElements.define('stop-generate', GenerateStop);
