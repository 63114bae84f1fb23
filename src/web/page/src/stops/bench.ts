// How fast this page trains, measured in this page.
import { html, nothing, type TemplateResult } from 'lit';
import { engine, lab, report } from '../lab';
import { asNumber, column, fixed, section, type Page } from '../page';
import { sectionView } from '../parts/page-view';
import '../parts/question';
import { save } from '../files';
import { head, Stop, why } from './stop';

export class BenchStop extends Stop {
  static override properties = { pages: { state: true }, busy: { state: true }, settings: { state: true } };
  declare pages: Map<string, Page>;
  declare busy: string;
  declare settings: string[];

  constructor() {
    super();
    this.pages = new Map();
    this.busy = '';
    this.settings = [];
  }

  private async run(settings: string[]): Promise<void> {
    try {
      for (const setting of settings) {
        this.busy = setting;
        const page = await engine.bench(setting, 5);
        this.pages = new Map([...this.pages, [setting, page]]);
      }
    } catch (problem) {
      report(problem);
    }
    this.busy = '';
  }
  private async list(): Promise<void> {
    if (this.settings.length || this.busy) return;
    try {
      this.settings = (await engine.bench('', 0)).settings ?? [];
    } catch (problem) {
      report(problem);
    }
  }
  private asJson = () => JSON.stringify({ kernels: lab.state.about!.kernels, version: lab.state.about!.version, pages: Object.fromEntries(this.pages) }, null, 1);

  override render(): TemplateResult {
    const { about } = lab.state;
    if (!about) return html`<div class="stop">${head('Bench', 'How fast the engine in this page trains.')}${this.missing()}</div>`;
    void this.list();
    return html`<div class="stop">
      ${head('Bench: how fast this page trains', html`The same measurement as <code>microgpt bench</code>, made by the engine in this page, on one thread: ${about.kernels}.`)}
      <div class="row"><button class="button main" ?disabled=${!!this.busy || !this.settings.length} @click=${() => this.run(this.settings)}>Measure all</button>
        ${this.settings.map((s) => html`<button class="button" ?disabled=${!!this.busy} @click=${() => this.run([s])}>${s}</button>`)}</div>
      <p role="status" class="small soft">${this.busy ? `measuring ${this.busy} …` : ''}</p>
      ${[...this.pages].map(([setting, page]) => html`<section class="panel"><h2>${setting}</h2>${page.sections.map((s) => sectionView(s, page))}</section>`)}
      ${this.pages.size ? html`<div><button class="button" @click=${() => save('bench.json', this.asJson(), 'application/json')}>save as JSON</button></div>` : nothing}
      <lab-question .ask=${'microgpt.py trains a model of width 16 for 1,000 steps of one document. How long would this page take?'}
        .answers=${['Less than half a second', 'Half a second to five seconds', 'Longer']}
        .judge=${async () => {
          const table = section(await engine.bench('names-c16-b1-t1', 3), 'training')!.table!;
          const seconds = asNumber(table.rows[0]![column(table, 'ms_per_step')]);
          return { right: seconds < 0.5 ? 0 : seconds < 5 ? 1 : 2, says: `One step took ${fixed(seconds, 3)} ms just now, so 1,000 would take ${fixed(seconds, 2)} s.` };
        }}></lab-question>
      ${why('Why is a browser slower than the program?', html`<p>WebAssembly has vectors of 128 bits and no fused multiply-add. The program uses 256 or 512 bits where the processor has them. With <code>MICROGPT_CPU=baseline</code> it confines itself to what a browser has.</p>`)}
    </div>`;
  }
}
customElements.define('stop-bench', BenchStop);
