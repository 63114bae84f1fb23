// Bars that add up: each begins where the one before it ended, and the last is their sum. Small ones are folded into one
// that opens; a part can be switched off where it stands.
import { html, nothing, type TemplateResult } from 'lit';
import { scaleLinear } from 'd3-scale';
import { change, fixed } from '../page';
import { Part, vars } from './part';

export interface Piece {
  name: string;
  value: number;
  /** What takes it away, if anything does. */
  part?: string;
}

export class Waterfall extends Part {
  static override properties = {
    pieces: { attribute: false },
    sumName: { attribute: false },
    most: { type: Number },
    isOff: { attribute: false },
    toggle: { attribute: false },
    open: { state: true },
  };
  declare pieces: Piece[];
  declare sumName: string;
  declare most: number;
  declare isOff: (part: string) => boolean;
  declare toggle: ((part: string) => void) | undefined;
  declare open: boolean;

  constructor() {
    super();
    this.most = 12;
    this.open = false;
    this.isOff = () => false;
  }

  override render(): TemplateResult {
    const isGone = ({ part }: Piece) => part !== undefined && this.isOff(part);
    const gone = this.pieces.filter(isGone);
    const sorted = this.pieces.filter((p) => !isGone(p)).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    const folds = !this.open && sorted.length > this.most + 1;
    const shown = folds ? sorted.slice(0, this.most) : sorted;
    const rest = folds ? sorted.slice(this.most).reduce((sum, p) => sum + p.value, 0) : 0;
    const total = this.pieces.reduce((sum, p) => sum + p.value, 0);
    const rows: { piece: Piece; from: number; to: number; kind: string }[] = [];
    let at = 0;
    const add = (piece: Piece, kind = '') => {
      rows.push({ piece, from: at, to: at + piece.value, kind });
      at += piece.value;
    };
    for (const piece of shown) add(piece);
    if (folds) add({ name: `${sorted.length - shown.length} smaller parts`, value: rest }, 'rest');
    for (const piece of gone) add(piece);
    rows.push({ piece: { name: this.sumName, value: total }, from: 0, to: total, kind: 'sum' });
    const ends = rows.flatMap((r) => [r.from, r.to]);
    const x = scaleLinear([Math.min(0, ...ends), Math.max(0, ...ends)], [0, 100]);
    return html`<ul class="falls">
      ${rows.map(({ piece, from, to, kind }) => {
        const { name, value, part } = piece;
        const gone = part !== undefined && this.isOff(part);
        const left = x(Math.min(from, to));
        const right = x(Math.max(from, to));
        return html`<li class="${kind} ${gone ? 'gone' : ''}">
          <span class="name-of">${kind === 'rest'
            ? html`<button class="link" @click=${() => (this.open = true)}>${name}</button>` : name}</span>
          <span class="lane" ${vars({ zero: `${x(0)}%` })}><span class="bar ${kind === 'sum' ? 'sum' : value < 0 ? 'minus' : ''}"
            ${vars({ from: `${left}%`, to: `${right}%` })}></span></span>
          <span class="value">${kind === 'sum' ? fixed(value, 3) : change(value)}</span>
          <span>${part !== undefined && this.toggle
            ? html`<button class="switch" role="switch" aria-checked=${gone ? 'false' : 'true'} aria-label=${name}
                @click=${() => this.toggle!(part)}>${gone ? 'off' : 'on'}</button>` : nothing}</span></li>`;
      })}</ul>
      ${this.open && sorted.length > this.most + 1
        ? html`<button class="link small" @click=${() => (this.open = false)}>fold the smaller parts</button>` : nothing}`;
  }
}
customElements.define('lab-waterfall', Waterfall);
