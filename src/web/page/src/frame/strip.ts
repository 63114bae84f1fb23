// The text as tokens, with what the model expects next above each; one of them is the chosen position in every view.
// Arrow keys move it, typing changes the text where it is.
import { html, nothing, type TemplateResult } from 'lit';
import { address, base, engine, lab, report, setPosition, setText, setTheme, isOff, dark } from '../lab';
import { openFiles, pickFiles, save } from '../files';
import { fixed, glyph, percent } from '../page';
import { takeText } from '../texts';
import { Listening } from '../parts/part';

const indexOfLargest = (values: number[]) => values.reduce((best, v, i) => (v > values[best]! ? i : best), 0);

export class Strip extends Listening {
  static override properties = { editing: { state: true } };
  protected override stores = [lab] as never[];
  declare editing: boolean;
  private moved = false;

  protected override updated(): void {
    const chosen = this.querySelector<HTMLElement>('.token[aria-current="true"]');
    if (this.moved) {
      this.moved = false;
      chosen?.focus();
    }
    const place = this.querySelector('.tokens');
    if (chosen && place && place.scrollWidth > place.clientWidth) chosen.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  private key(event: KeyboardEvent): void {
    const { text, position } = lab.state;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to: Record<string, number> = { ArrowLeft: position - 1, ArrowRight: position + 1, Home: 0, End: 1e9 };
    const characters = [...text];
    if (event.key in to) setPosition(to[event.key]!);
    else if (event.key === 'Backspace' && position > 0) {
      characters.splice(position - 1, 1);
      setText(characters.join(''));
      lab.set({ position: position - 1 });
    } else if ([...event.key].length === 1 && event.key !== ' ') {
      characters.splice(position, 0, event.key);
      setText(characters.join(''));
      lab.set({ position: position + 1 });
    } else return;
    event.preventDefault();
    this.moved = true;
  }

  private tokens(): TemplateResult {
    const { prediction, position, text } = lab.state;
    if (!prediction) return html`<div class="tokens">${[...text].map((c) => html`<span class="token"><span class="box">${c}</span></span>`)}</div>`;
    const { labels, vocabulary, probabilities } = prediction;
    return html`<div class="tokens" role="group" aria-label="The text, token by token" @keydown=${(e: KeyboardEvent) => this.key(e)}>
      ${labels.map((label, i) => {
        const row = probabilities[i]!;
        const best = indexOfLargest(row);
        const chosen = i === position;
        const out = isOff('embed.position') || isOff(`embed.position[position ${i}]`);
        return html`<button class="token ${label === 'BOS' ? 'special' : ''} ${out ? 'out' : ''}" tabindex=${chosen ? 0 : -1} aria-current=${chosen ? 'true' : nothing}
          @click=${() => setPosition(i)}>
          <span class="next"><span class="unseen">next probably </span><b>${glyph(vocabulary[best]!)}</b> ${percent(row[best]!)}</span>
          <span class="box">${glyph(label)}</span><span class="unseen">, position ${i}</span></button>`;
      })}</div>`;
  }

  private async save(): Promise<void> {
    const { model, shelf, subject } = lab.state;
    if (!model) return;
    try {
      save(`${shelf[subject]!.name}-${model.step}.safetensors`, await engine.save(model.model), 'application/octet-stream');
    } catch (problem) {
      report(problem);
    }
  }

  private async open(): Promise<void> {
    const [text] = await openFiles(await pickFiles());
    if (text && (await takeText(text))) location.hash = address('train');
  }

  override render(): TemplateResult {
    const { prediction, whole, text, problem, shelf, subject, textProblem } = lab.state;
    const model = base();
    const name = shelf[subject]?.name;
    const delta = prediction && whole && prediction !== whole ? prediction.loss - whole.loss : undefined;
    return html`<div class="strip">
        <a class="name" href=${address('')}>microgpt lab<small>${name ? `${name}, step ${model?.step.toLocaleString('en-US')}` : 'no model yet'}</small></a>
        <div class="tokens-place row">
          ${this.editing
            ? html`<form class="strip-edit" @submit=${(e: Event) => { e.preventDefault(); this.editing = false; this.moved = true; }}>
                <input class="field" aria-label="Text" .value=${text} maxlength="4000" autocomplete="off" autocapitalize="off" spellcheck="false"
                  @input=${(e: Event) => { const value = (e.target as HTMLInputElement).value; lab.set({ position: [...value].length }); setText(value); }}>
                <button class="button">done</button></form>`
            : html`<div class="grow">${this.tokens()}</div>
              ${model ? html`<button class="button" @click=${async () => { this.editing = true; await this.updateComplete; const f = this.querySelector('input'); f?.focus(); f?.select(); }}>edit text</button>` : nothing}`}
        </div>
        <div class="tools">
          <p class="loss" title="The mean of -ln p of every next token">${prediction
            ? html`loss <b>${fixed(prediction.loss, 2)}</b>${delta === undefined ? nothing : html`<br><span class="soft">${delta >= 0 ? '+' : ''}${fixed(delta, 2)} by the switches</span>`}` : nothing}</p>
          <div class="row">
            <button class="button" @click=${() => setTheme(dark() ? 'light' : 'dark')}>${dark() ? 'light' : 'dark'}</button>
            <button class="button" ?disabled=${!model} @click=${() => this.save()}>save</button>
            <button class="button" @click=${() => this.open()}>open</button></div>
        </div></div>
      <div role="alert">${problem ? html`<div class="problem"><p>${problem}</p><button class="link" @click=${() => lab.set({ problem: undefined })}>close</button></div>` : nothing}
      ${textProblem && model ? html`<div class="problem"><p>${textProblem}</p></div>` : nothing}</div>`;
  }
}
customElements.define('lab-strip', Strip);
