// Every view and topic of the program: a form made of its options, and its page. Text and position are those of the strip.
import { html, nothing, type TemplateResult } from 'lit';
import { lab, moments, setParam, writeAddress } from '../lab';
import { training } from '../training';
import type { Options, OptionSpec, ViewSpec } from '../engine';
import '../parts/page-view';
import { head, Stop } from './stop';

/** Options that a page cannot use: they are about files of a computer. */
const elsewhere = new Set(['--last', '--out', '--run', '--baselines']);
const fromStrip = new Set(['--text', '--position']);

export function specOf(path: string): ViewSpec | undefined {
  const [kind, name] = path.includes('/') ? path.split('/') : ['', path];
  return lab.state.about?.specs.find((s) => s.name === name && (!kind || s.kind === kind));
}

export class ViewStop extends Stop {
  static override properties = { path: { attribute: false } };
  declare path: string;

  /** What a view of runs or of two models is about, as long as nothing else is said. */
  private otherwise(name: string): string | undefined {
    const first = moments()[0];
    if (name === 'RUN') return lab.state.shelf[lab.state.subject]?.folder ?? training.state.run?.folder;
    if (name === 'A') return first?.path;
    return name === 'B' ? lab.state.model?.path : undefined;
  }

  private options(spec: ViewSpec): Options {
    const { params, text, position } = lab.state;
    const options: Options = {};
    for (const option of spec.options) {
      if (elsewhere.has(option.name)) continue;
      const name = option.name.replace(/^--/, '');
      const given = params[name] ?? this.otherwise(name);
      if (fromStrip.has(option.name)) {
        const always = option.required || (option.name === '--text' && spec.kind === 'explain' && spec.needs !== 'nothing' && !this.builtIn(spec));
        if (always || given === '1') options[option.name] = option.name === '--text' ? text : position;
      } else if (given === undefined || given === '') continue;
      else if (option.kind === 'flag') options[option.name] = true;
      else if (option.kind === 'texts') options[option.name] = given.split(option.name === 'NUMBER' ? /[\s;]+/ : ';').filter(Boolean);
      else options[option.name] = given;
    }
    return options;
  }
  /** A topic that explains the small built-in example instead of the model. */
  private builtIn(spec: ViewSpec): boolean {
    return spec.kind === 'explain' && (lab.state.params.example === '1' || (spec.name === 'softmax' && lab.state.params.NUMBER !== undefined));
  }

  /** The options of the example in the program's help. */
  private fill(spec: ViewSpec): void {
    const params = { ...lab.state.params };
    for (const [, name, value] of spec.example.matchAll(/--([\w-]+)(?: (?!--)('[^']*'|\S+))?/g)) {
      if (name !== 'model' && name !== 'text' && name !== 'position') params[name!] = value?.replace(/^'|'$/g, '') ?? '1';
    }
    lab.set({ params });
    writeAddress();
  }

  private field(option: OptionSpec): TemplateResult {
    const name = option.name.replace(/^--/, '');
    const value = lab.state.params[name] ?? '';
    const id = `option-${name}`;
    const set = (e: Event) => setParam(name, (e.target as HTMLInputElement).value);
    if (option.kind === 'flag' || fromStrip.has(option.name)) {
      const words = option.name === '--text' ? 'only for the text above' : option.name === '--position' ? 'at the chosen position' : name;
      return html`<label title=${option.about}><input type="checkbox" .checked=${value === '1'}
        @change=${(e: Event) => setParam(name, (e.target as HTMLInputElement).checked ? '1' : undefined)}> ${words}</label>`;
    }
    return html`<label class="labelled" for=${id} title=${option.about}><span class="soft">${option.name === 'NUMBER' ? 'numbers' : name}${option.required ? ' (needed)' : ''}</span>
      <input class="field" id=${id} type=${option.kind === 'whole' ? 'number' : 'text'} min=${option.low ?? nothing} max=${option.high ?? nothing}
        .value=${value} placeholder=${option.default ?? this.otherwise(option.name) ?? ''} @change=${set}></label>`;
  }

  override render(): TemplateResult {
    const { about, failure } = lab.state;
    if (!about || failure) return html`${this.missing()}`;
    const spec = specOf(this.path);
    if (!spec) {
      return html`<div class="stop">${head('Nothing of this name', html`There is no view called “${this.path}”.`)}
        <ul class="cards">${about.specs.map((s) => html`<li><a href=${`#/view/${s.kind}/${s.name}`}>${s.kind} ${s.name}</a><p>${s.about}</p></li>`)}</ul></div>`;
    }
    const builtIn = this.builtIn(spec);
    const missing = spec.needs === 'nothing' || builtIn ? undefined : this.missing();
    const fields = spec.options.filter((o) => !elsewhere.has(o.name) && !(fromStrip.has(o.name) && (o.required || (o.name === '--text' && spec.kind === 'explain'))));
    const model = builtIn || spec.needs === 'nothing' ? 0 : (lab.state.model?.model ?? 0);
    const wanting = spec.options.find((o) => o.required && !fromStrip.has(o.name) && !lab.state.params[o.name.replace(/^--/, '')] && !this.otherwise(o.name));
    const slot = missing || wanting ? undefined : this.ask(spec.kind, spec.name, this.options(spec), model);
    return html`<div class="stop">
      ${head(`${spec.kind === 'study' ? 'Study' : 'Explain'}: ${spec.name}`, `${spec.about}.`)}
      <form class="row wide" @submit=${(e: Event) => e.preventDefault()}>
        ${spec.needs === 'model_or_example' ? html`<label><input type="checkbox" .checked=${lab.state.params.example === '1'}
          @change=${(e: Event) => setParam('example', (e.target as HTMLInputElement).checked ? '1' : undefined)}> the small built-in example</label>` : nothing}
        ${fields.map((o) => this.field(o))}</form>
      ${missing ?? nothing}
      ${wanting ? html`<div class="notice stack tight"><p>This view needs ${wanting.name.replace(/^--/, '')}: ${wanting.about}.</p>
        ${spec.example.includes(wanting.name) ? html`<div><button class="button" @click=${() => this.fill(spec)}>fill in an example</button></div>` : nothing}</div>` : nothing}
      ${slot?.problem ? html`<p class="notice wrong" role="alert">${slot.problem.message}</p>` : nothing}
      ${slot?.page && !slot.problem ? html`<page-view .page=${slot.page}></page-view>` : nothing}
      ${slot && !slot.page && !slot.problem ? html`<p class="soft">One moment …</p>` : nothing}
    </div>`;
  }
}
customElements.define('stop-view', ViewStop);
