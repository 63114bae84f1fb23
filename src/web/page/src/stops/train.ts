// Training: the text, the size, the curve above the lines that mean something, and texts as they get better.
import { html, nothing, type TemplateResult } from 'lit';
import { address, lab } from '../lab';
import { asNumber, column, fixed, number, section, whole } from '../page';
import '../parts/curve';
import { sectionView } from '../parts/page-view';
import '../parts/question';
import { bars } from '../parts/bars';
import { pickFiles } from '../files';
import { chosenText, own, ownText, takeText, texts } from '../texts';
import { again, goOn, more, oneStep, pause, setSlow, startTraining, training } from '../training';
import { head, Stop, why } from './stop';

const widths = [8, 16, 32, 48, 64];
const times = [1, 2, 5, 10, 30, 60];
const onLines: Record<string, string> = { uniform: 'guessing', bigram: 'bigram table', '4-gram': '4-gram table' };

/** Where the sum behind the last letter of a text is, or of as much of it as the model reads. */
const ledgerOf = (text: string, room: number) => {
  const read = [...text].slice(0, room);
  return `#/ledger?text=${encodeURIComponent(read.join(''))}&pos=${Math.max(0, read.length - 1)}`;
};
const sentence = (text: string) => text[0]!.toUpperCase() + text.slice(1).replace(/\.?$/, '.');

export class TrainStop extends Stop {
  static override properties = { byHand: { state: true }, width: { state: true }, layers: { state: true }, time: { state: true }, rate: { state: true } };
  protected override stores = [lab, training, own] as never[];
  declare byHand: boolean;
  declare width: number;
  declare layers: number;
  declare time: number;
  declare rate: string;

  constructor() {
    super();
    this.byHand = false;
    this.width = 2;
    this.layers = 1;
    this.time = 1;
    this.rate = '';
  }

  private async start(): Promise<void> {
    const { name, text } = chosenText();
    const set = this.byHand
      ? [`model.n_embd=${widths[this.width]}`, `model.n_layer=${this.layers}`, 'model.n_head=4', ...(this.rate ? [`train.learning_rate=${this.rate}`] : [])]
      : [];
    await startTraining(text, name, { seconds: times[this.time], set });
  }

  private textChoice(): TemplateResult {
    const { chosen, text } = own.state;
    const choose = (i: number) => () => own.set({ chosen: i });
    return html`<fieldset class="stack tight"><legend>The text</legend>
      <div class="row">${[...texts.map((t) => t.about), 'your own'].map((about, i) => html`<button class="button" aria-pressed=${i === chosen ? 'true' : 'false'} @click=${choose(i)}>${about}</button>`)}</div>
      ${chosen === ownText
        ? html`<label class="labelled"><span class="soft">Type or paste it, one example a line, or as prose; or drop a file anywhere.</span>
            <textarea rows="5" .value=${text} maxlength="4000000" @input=${(e: Event) => own.set({ text: (e.target as HTMLTextAreaElement).value })}></textarea></label>
            <div><button class="button" @click=${async () => { const [chosen] = await pickFiles(); if (chosen) await takeText(chosen.file); }}>open a file</button></div>`
        : html`<p class="small soft mono">${texts[chosen]!.text.slice(0, 90).replace(/\n+/g, ' ')} … <span>(${whole(texts[chosen]!.text.length)} characters)</span></p>`}
    </fieldset>`;
  }

  private sizeChoice(): TemplateResult {
    const range = (name: string, value: number, most: number, least: number, says: string, set: (v: number) => void) => html`<label class="labelled grow">
      <span class="soft">${name}: <b>${says}</b></span>
      <input type="range" min=${least} max=${most} .value=${String(value)} aria-valuetext=${says} @input=${(e: Event) => set(Number((e.target as HTMLInputElement).value))}></label>`;
    return html`<fieldset class="stack tight"><legend>The model</legend>
      ${range('time', this.time, times.length - 1, 0, `${times[this.time]} s`, (v) => (this.time = v))}
      <label class="small"><input type="checkbox" .checked=${this.byHand} @change=${(e: Event) => (this.byHand = (e.target as HTMLInputElement).checked)}> choose its size by hand</label>
      ${this.byHand
        ? html`${range('width', this.width, widths.length - 1, 0, `${widths[this.width]} channels`, (v) => (this.width = v))}
            ${range('depth', this.layers, 4, 1, this.layers === 1 ? '1 layer' : `${this.layers} layers`, (v) => (this.layers = v))}
            <label class="labelled"><span class="soft">learning rate</span><input class="field" inputmode="decimal" placeholder="as the rule has it" .value=${this.rate}
              @change=${(e: Event) => (this.rate = (e.target as HTMLInputElement).value.trim())}></label>`
        : html`<p class="small soft">The program’s own rule chooses the model and its training for this text and this time.</p>`}
    </fieldset>`;
  }

  private controls(): TemplateResult {
    const { run, running, starting, slow, latest } = training.state;
    const done = latest?.done;
    return html`<div class="row">
      <button class="button main" ?disabled=${starting || running || (own.state.chosen === ownText && !own.state.text)} @click=${() => this.start()}>Start training</button>
      ${run
        ? html`<button class="button" ?disabled=${starting || done} @click=${running ? pause : goOn}>${running ? 'pause' : 'go on'}</button>
            <button class="button" ?disabled=${running || starting || done} @click=${oneStep}>one step</button>
            ${done ? html`<button class="button" ?disabled=${running} @click=${more}>twice as many steps</button>` : nothing}
            <button class="button" ?disabled=${starting} @click=${again}>again from the same start</button>`
        : nothing}
      <label class="small"><input type="checkbox" .checked=${slow} @change=${(e: Event) => setSlow((e.target as HTMLInputElement).checked)}> slowly, step by step</label></div>`;
  }

  private curve(): TemplateResult {
    const { run, curve, heldOut, step, baselines } = training.state;
    const levels = (baselines?.baselines ?? []).filter((b) => b.name in onLines).map((b) => ({ name: onLines[b.name]!, value: Number(b.nats) }));
    return html`<section class="panel"><h2>Loss at step ${whole(step)} of ${whole(run!.steps)}</h2>
      <lab-curve label="The training loss and the held-out loss over the steps" .yTitle=${'nats per character'}
        .lines=${[
          { name: 'training', x: [...curve.steps], y: [...curve.losses] },
          ...(heldOut.length ? [{ name: 'held out', x: heldOut.map((h) => h.step), y: heldOut.map((h) => h.loss), points: true }] : []),
        ]} .levels=${levels}></lab-curve></section>`;
  }

  /** The losses of a run that was opened. */
  private opened(): TemplateResult | typeof nothing {
    const { shelf, subject } = lab.state;
    const { folder, name } = shelf[subject] ?? {};
    if (!folder || training.state.run) return nothing;
    const page = this.page('study', 'history', { RUN: folder, '--scalar': ['loss'] }, 0);
    const loss = section(page, 'loss');
    return loss ? html`<h2>The run ${name}</h2>${sectionView(loss, page!)}` : nothing;
  }

  private numbers(): TemplateResult {
    const { latest, charactersPerSecond, step, run, running, summary } = training.state;
    const one = (name: string, value: string) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
    return html`<dl class="numbers-big">
        ${one('step', whole(step))}
        ${latest?.losses.length ? one('training loss', fixed(Number(latest.losses[latest.losses.length - 1]), 3)) : nothing}
        ${latest && latest.grad_norm !== null ? one('gradient norm', fixed(Number(latest.grad_norm), 3)) : nothing}
        ${latest ? one('learning rate', fixed(latest.learning_rate, 4)) : nothing}
        ${charactersPerSecond ? one('characters per second', whole(charactersPerSecond)) : nothing}
        ${one('parameters', whole(run!.n_parameters))}</dl>
      <p role="status" class="small soft">${running ? 'Training …' : summary?.says ? sentence(summary.says) : latest?.done ? 'The run is over. The slider below moves every view through its history.' : 'Paused.'}</p>
      ${this.byHeart()}`;
  }

  /** Where the held-out loss has turned. */
  private byHeart(): TemplateResult | typeof nothing {
    const { heldOut } = training.state;
    const best = heldOut.reduce((low, h) => (h.loss < low.loss ? h : low), heldOut[0]!);
    const end = heldOut[heldOut.length - 1];
    if (!end || end.loss < best.loss + 0.03) return nothing;
    return html`<p class="notice small">The held-out loss was lowest at step ${whole(best.step)}, with ${fixed(best.loss, 3)}, and has risen since while the training loss went on falling: the model is learning its text by heart.
      A longer text, a smaller model or fewer steps would help.</p>`;
  }

  /** What the last step was made of, when there is time to look. */
  private step(): TemplateResult | typeof nothing {
    const { slow, running, latest, run } = training.state;
    if (!run || !latest || (running && !slow) || latest.done || !lab.state.prediction) return nothing;
    const table = section(this.page('study', 'gradients', { '--text': lab.state.text, '--differences': 0 }), 'tensors')?.table;
    if (!table) return nothing;
    const norm = column(table, 'norm');
    return html`<section class="panel"><h2>The gradients now, for “${lab.state.text}”</h2>
      <p class="small soft">How long the gradient of each tensor is. The next step moves every weight against its own. <a href=${address('gradients')}>Gradients</a> takes them apart.</p>
      ${bars(table.rows.map((row) => ({ name: String(row[0]), value: asNumber(row[norm]), text: number(asNumber(row[norm]), 3) })))}</section>`;
  }

  private samples(): TemplateResult {
    const { samples, run } = training.state;
    const room = run!.config.model.block_size - 1;
    const prose = samples.some(({ texts }) => texts.some((t) => t.text.length > 40));
    const shown = samples.length > 8 ? samples.filter((_, i) => i === samples.length - 1 || i % Math.ceil(samples.length / 7) === 0) : samples;
    return html`<section class="panel"><h2>What it writes</h2>
      <p class="small soft">At each of these steps the model writes ${prose ? 'a text' : 'eight texts'} with the same random numbers. Those in grey stand in the training text. Each leads to the sum behind its last letter.</p>
      <ul class="sample-list">${shown.map(({ step, texts }) => html`<li><span class="at">${whole(step)}</span>
        <span class="words">${texts.slice(0, prose ? 1 : 8).map((t, i) => html`${i ? '  ·  ' : ''}<a class=${t.isNew === false ? 'copy' : ''} href=${ledgerOf(t.text, room)}>${[...t.text].slice(0, 160).join('') || '(nothing)'}</a>`)}</span></li>`)}</ul></section>`;
  }

  private question(): TemplateResult {
    const { run } = training.state;
    const tokens = run?.vocabulary.length ?? 27;
    return html`<lab-question .ask=${`A model that knows nothing gives each of ${tokens} tokens the same probability. How large is its loss, -ln p?`}
      .answers=${[1 / tokens, Math.log(tokens), Math.log2(tokens), tokens].map((n) => fixed(n, 2))}
      .judge=${() => {
        const at = training.state.curve.losses[0];
        return { right: 1, says: `ln ${tokens} = ${fixed(Math.log(tokens), 4)}.${at === undefined ? ' Start training, and see where the curve begins.' : ` The curve of this run began at ${fixed(at, 2)}.`}` };
      }}></lab-question>`;
  }

  override render(): TemplateResult {
    const { run, problem, starting } = training.state;
    const ready = !!lab.state.about;
    return html`<div class="stop">
      ${head('Train a model from nothing', 'It reads a text again and again, and after each batch every weight moves a little so that the real next character becomes more probable.')}
      <div class="columns">${this.textChoice()}${this.sizeChoice()}</div>
      ${ready ? this.controls() : lab.state.failure ? html`<p class="notice wrong">The engine could not start: ${lab.state.failure}</p>` : html`<p class="soft">The engine is starting …</p>`}
      ${starting ? html`<p class="small soft" role="status">Measuring this machine, and choosing …</p>` : nothing}
      ${problem ? html`<p class="notice wrong" role="alert">${problem}</p>` : nothing}
      ${run?.notices.map((n) => html`<p class="notice small">${n}</p>`) ?? nothing}
      ${run ? html`${this.curve()}${this.numbers()}${this.step()}${this.samples()}` : this.opened()}
      ${this.question()}
      ${why('Why these lines?', html`<p>The loss is the mean of -ln p over all characters, where p is the probability that the model gave to the character that really came.
          Guessing blindly costs ln of the number of tokens. A bigram table counts which character follows which; it is what can be known from one character.
          A 4-gram table looks at three. A model below that line has learnt something that no such table of this text contains.</p>
        <p>The held-out text is never trained on. While both curves fall, what is learnt is true of other texts of this kind too. When the training loss falls on and the
          held-out loss rises, the model learns its text by heart.</p>`)}
    </div>`;
  }
}
customElements.define('stop-train', TrainStop);
