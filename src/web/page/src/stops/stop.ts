// What the stops of the tour share: they listen to the lab's state and ask the engine for pages. A page stays on the
// screen until the next one has come; while one is being made, only the newest wish waits.
import { html, nothing, type TemplateResult } from 'lit';
import { address, base, engine, lab } from '../lab';
import { EngineError, type Kind, type Options } from '../engine';
import type { Page } from '../page';
import { Listening } from '../parts/part';

interface Slot {
  shown?: string;
  page?: Page;
  problem?: EngineError;
  asked?: string;
  wanted?: { key: string; make: () => Promise<Page> };
}

export class Stop extends Listening {
  protected override stores = [lab] as never[];
  private slots = new Map<string, Slot>();

  /** The page of a view for what is looked at now; undefined until the first one is there. */
  protected page(kind: Kind, name: string, options: Options = {}, model = lab.state.model?.model ?? 0): Page | undefined {
    return this.ask(kind, name, options, model).page;
  }
  protected ask(kind: Kind, name: string, options: Options, model = lab.state.model?.model ?? 0, slotName = ''): Slot {
    const id = `${kind}/${name}${slotName}`;
    const slot = this.slots.get(id) ?? {};
    this.slots.set(id, slot);
    const key = JSON.stringify([model, options]);
    if (slot.shown === key) slot.wanted = undefined;
    else {
      slot.wanted = { key, make: () => engine.page(model, kind, name, options) };
      if (slot.asked === undefined) void this.serve(slot);
    }
    return slot;
  }
  private async serve(slot: Slot): Promise<void> {
    while (slot.wanted) {
      const { key, make } = slot.wanted;
      slot.wanted = undefined;
      slot.asked = key;
      try {
        slot.page = await make();
        slot.problem = undefined;
      } catch (problem) {
        slot.problem = problem instanceof EngineError ? problem : new EngineError(String(problem));
      }
      slot.shown = key;
      this.requestUpdate();
    }
    slot.asked = undefined;
  }
  /** What went wrong, but for the views named, which a stop can do without. */
  protected problems(...without: string[]): TemplateResult | typeof nothing {
    const all = [...this.slots].filter(([id]) => !without.includes(id));
    const lines = [...new Set(all.flatMap(([, s]) => (s.problem ? [s.problem.message] : [])))];
    return lines.length ? html`${lines.map((l) => html`<p class="notice wrong" role="alert">${l}</p>`)}` : nothing;
  }

  /** What to show while there is no model, no text that it can read, or no engine yet. */
  protected missing(): TemplateResult | undefined {
    const { about, failure, textProblem, model } = lab.state;
    if (failure) return html`<p class="notice wrong">The engine could not start: ${failure}</p>`;
    if (!about) return html`<p class="soft">The engine is starting …</p>`;
    if (!base()) {
      return html`<div class="notice stack tight"><p>There is no model here yet.</p>
        <p><a href=${address('train')}>Train one</a>: it takes a second or two. Or open a checkpoint of the program.</p></div>`;
    }
    if (textProblem) {
      return html`<div class="notice wrong stack tight"><p>${textProblem}</p>
        <p>Change the text above: this model knows ${base()!.vocabulary.length - 1} characters and reads up to
          ${base()!.config.model.block_size} at a time.</p></div>`;
    }
    return model && lab.state.prediction ? undefined : html`<p class="soft">One moment …</p>`;
  }
}

export const head = (title: string, idea: unknown): TemplateResult =>
  html`<header><h1>${title}</h1><p>${idea}</p></header>`;
export const why = (title: string, content: unknown): TemplateResult =>
  html`<details class="why"><summary>${title}</summary>${content}</details>`;
