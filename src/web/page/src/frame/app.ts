// The frame: strip, tour, the stop itself, switches, history. Narrow screens have the three at the sides as drawers.
import { html, nothing, type TemplateResult } from 'lit';
import { address, base, lab, moments } from '../lab';
import { droppedFiles, openFiles } from '../files';
import { takeText } from '../texts';
import { Listening } from '../parts/part';
import { stopOf, tour } from '../tour';
import { specOf } from '../stops/view';
import './history';
import './strip';
import './switches';

type Drawer = 'tour' | 'switches' | 'history' | '';

export class App extends Listening {
  static override properties = { drawer: { state: true } };
  protected override stores = [lab] as never[];
  declare drawer: Drawer;
  private shown = '';

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener('dragover', (e) => e.preventDefault());
    this.addEventListener('drop', (e) => {
      e.preventDefault();
      void this.dropped(e.dataTransfer);
    });
    addEventListener('keydown', (e) => {
      if (e.key === 'Escape' && this.drawer) this.drawer = '';
    });
  }

  private async dropped(data: DataTransfer | null): Promise<void> {
    const [text] = await openFiles(await droppedFiles(data));
    if (text && (await takeText(text))) location.hash = address('train');
  }

  protected override updated(): void {
    const { stop } = lab.state;
    if (stop === this.shown) return;
    const first = !this.shown && !stop;
    this.shown = stop;
    this.drawer = '';
    const title = stopOf(stop)?.title ?? (stop ? stop.replace(/^view\//, '') : '');
    document.title = title ? `${title} – microgpt lab` : 'microgpt lab';
    if (!first && this.hasUpdated && performance.now() > 1000) {
      this.querySelector('main')!.focus({ preventScroll: true });
      scrollTo({ top: 0 });
    }
  }

  private stop(): TemplateResult {
    const { stop } = lab.state;
    if (!stop) return html`<stop-home></stop-home>`;
    const own = stopOf(stop);
    if (own) return own.render();
    return html`<stop-view .path=${stop.replace(/^view\//, '')}></stop-view>`;
  }

  /** What must be known about the model before its numbers mean anything. */
  private condition(): TemplateResult | typeof nothing {
    const { prediction, stop } = lab.state;
    const model = base();
    if (!model || ['train', 'softmax', 'bench', 'adam'].includes(stop)) return nothing;
    if (prediction && !Number.isFinite(Number(prediction.loss)))
      return html`<p class="notice wrong small">The loss of this model is no number: its training has diverged, or a weight was set too far. Move the slider below to an earlier moment, or take the change back.</p>`;
    if (model.step === 0)
      return html`<p class="notice small">This is the model before its first step: its weights are random, and so is all that follows from them. Move the slider below to see it learn.</p>`;
    return nothing;
  }

  private onward(): TemplateResult | typeof nothing {
    const i = tour.findIndex((s) => s.route === lab.state.stop);
    if (i < 0) return nothing;
    const [before, after] = [tour[i - 1], tour[i + 1]];
    return html`<div class="next-stop within">
      ${before ? html`<a href=${address(before.route)}>← ${before.title}</a>` : html`<a href=${address('')}>← Tour</a>`}
      ${after ? html`<a href=${address(after.route)}>${after.title}: ${after.idea} →</a>` : html`<a href=${address('')}>Back to the tour</a>`}</div>`;
  }

  override render(): TemplateResult {
    const { stop, about } = lab.state;
    const entry = (route: string, title: string, n?: number) => html`<li><a href=${address(route)} aria-current=${stop === route ? 'page' : nothing}
      @click=${() => (this.drawer = '')}>${n === undefined ? nothing : html`<span>${n}</span>`}${title}</a></li>`;
    const more = about?.specs.filter((s) => !stopOf(s.name)) ?? [];
    const current = stop.startsWith('view/') ? specOf(stop.slice(5)) : undefined;
    const drawer = (name: Drawer, title: string) => html`<button aria-expanded=${this.drawer === name ? 'true' : 'false'}
      @click=${() => (this.drawer = this.drawer === name ? '' : name)}>${title}</button>`;
    return html`
      <a class="skip" href="#main" @click=${(e: Event) => { e.preventDefault(); this.querySelector('main')!.focus(); }}>Skip to the content</a>
      <header><lab-strip></lab-strip></header>
      <nav class="tour ${this.drawer === 'tour' ? 'open' : ''}" aria-label="Tour">
        <ol>${entry('', 'Tour')}${tour.map((s, i) => entry(s.route, s.title, i + 1))}</ol>
        ${more.length ? html`<hr><details ?open=${!!current}><summary class="heading">All views</summary>
          <ol>${about!.specs.map((s) => entry(`view/${s.kind}/${s.name}`, `${s.kind} ${s.name}`))}</ol></details>` : nothing}
      </nav>
      <main id="main" tabindex="-1"><div class="within stack">${this.condition()}${this.stop()}</div>${this.onward()}</main>
      <aside class="switches ${this.drawer === 'switches' ? 'open' : ''}" aria-label="Switches"><lab-switches></lab-switches></aside>
      <footer class=${this.drawer === 'history' ? 'open' : ''} ?hidden=${!moments().length && !lab.state.shelf.length}><lab-history></lab-history></footer>
      <div class="drawer-buttons">${drawer('tour', 'Tour')}${drawer('switches', 'Switches')}${drawer('history', 'History')}</div>`;
  }
}
customElements.define('lab-app', App);
