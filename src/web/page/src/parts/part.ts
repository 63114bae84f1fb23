// What the parts share. They render into the page itself: one style sheet serves all, and tables stay real tables.
import { LitElement, noChange } from 'lit';
import { Directive, directive, type ElementPart, type PartInfo, PartType } from 'lit/directive.js';
import type { Store } from '../store';

export class Part extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

/** A part that is drawn anew whenever one of these stores changes. */
export class Listening extends Part {
  protected stores: Store<never>[] = [];
  private ends: (() => void)[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    this.ends = this.stores.map((store) => store.listen(() => this.requestUpdate()));
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const end of this.ends) end();
  }
}

/** Sets custom properties of an element; the page's policy forbids style attributes. */
class Vars extends Directive {
  constructor(info: PartInfo) {
    super(info);
    if (info.type !== PartType.ELEMENT) throw new Error('vars() stands inside a tag');
  }
  render(_: Record<string, string | number>): unknown {
    return noChange;
  }
  override update(part: ElementPart, [values]: [Record<string, string | number>]): unknown {
    for (const [name, value] of Object.entries(values)) {
      (part.element as HTMLElement).style.setProperty(`--${name}`, String(value));
    }
    return noChange;
  }
}
export const vars = directive(Vars);
