// Numbers over steps: lines with gaps, and the horizontal lines that mean something. uPlot draws them; the legend with the
// last numbers stands above, and the picture leaves as SVG.
import { html, svg, type TemplateResult } from 'lit';
import uPlot from 'uplot';
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { save } from '../files';
import { lab } from '../lab';
import { number } from '../page';
import { Part } from './part';

export interface Line {
  name: string;
  x: number[];
  y: number[];
  /** Points that are few are drawn as points as well. */
  points?: boolean;
}
export interface Level {
  name: string;
  value: number;
}

const tones = ['--bar-probable', '--bar-positive', '--bar-negative', '--soft', '--ink', '--strong'];
const dashes = [[], [], [], [6, 3], [2, 3], [8, 3, 2, 3]];

export class CurveChart extends Part {
  static override properties = {
    lines: { attribute: false },
    levels: { attribute: false },
    label: {},
    xTitle: { attribute: false },
    yTitle: { attribute: false },
    height: { type: Number },
    names: { attribute: false },
  };
  declare lines: Line[];
  declare levels: Level[];
  declare label: string;
  declare xTitle: string;
  declare yTitle: string;
  declare height: number;
  /** Of x = 0, 1, ..., where x is no number. */
  declare names: string[] | undefined;
  private plot: uPlot | undefined;
  private plotted = '';
  private sizes: ResizeObserver | undefined;
  private ends: (() => void) | undefined;
  private darkness = matchMedia('(prefers-color-scheme: dark)');
  private redraw = () => {
    this.plotted = '';
    this.requestUpdate();
  };

  constructor() {
    super();
    this.lines = [];
    this.levels = [];
    this.height = 280;
    this.xTitle = 'step';
    this.yTitle = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.darkness.addEventListener('change', this.redraw);
    let theme = lab.state.theme;
    this.ends = lab.listen(() => {
      if (lab.state.theme !== theme) this.redraw();
      theme = lab.state.theme;
    });
    this.sizes = new ResizeObserver(() => {
      const width = this.place?.clientWidth;
      if (width && this.plot) this.plot.setSize({ width, height: this.height });
    });
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.darkness.removeEventListener('change', this.redraw);
    this.ends?.();
    this.sizes?.disconnect();
    this.plot?.destroy();
    this.plot = undefined;
    this.plotted = '';
  }

  private get place(): HTMLElement | null {
    return this.querySelector('.curve');
  }
  private tone(i: number): string {
    return getComputedStyle(this).getPropertyValue(tones[i % tones.length]!).trim();
  }
  /** All lines over all values of x. */
  private data(): uPlot.AlignedData {
    const { lines, levels } = this;
    const xs = [...new Set(lines.flatMap((l) => l.x))].sort((a, b) => a - b);
    const at = new Map(xs.map((x, i) => [x, i]));
    const columns = lines.map((l) => {
      const column: (number | null)[] = new Array(xs.length).fill(null);
      l.x.forEach((x, i) => (column[at.get(x)!] = Number.isFinite(l.y[i]) ? l.y[i]! : null));
      return column;
    });
    return [xs, ...columns, ...levels.map((level) => xs.map(() => level.value))] as uPlot.AlignedData;
  }

  protected override updated(): void {
    const place = this.place;
    if (!place) return;
    const data = this.data();
    const form = JSON.stringify([this.names, this.lines.map((l) => [l.name, l.points]), this.levels, this.height]);
    if (this.plot && form === this.plotted) {
      this.plot.setData(data);
      return;
    }
    this.plot?.destroy();
    this.plotted = form;
    const ink = this.tone(3);
    const grid = getComputedStyle(this).getPropertyValue('--line').trim();
    const { names } = this;
    const font = '12px system-ui, sans-serif';
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 4 }, font, labelFont: font };
    this.plot = new uPlot(
      {
        width: place.clientWidth || 600,
        height: this.height,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { x: names ? { time: false, range: [-0.4, names.length - 0.6] } : { time: false } },
        axes: [
          { ...axis, label: this.xTitle, labelSize: 18, size: 30, ...(names ? { splits: () => names.map((_, i) => i), values: () => names } : {}) },
          { ...axis, size: 48, ...(this.yTitle ? { label: this.yTitle, labelSize: 20 } : {}) },
        ],
        series: [
          {},
          ...this.lines.map((l, i) => ({
            label: l.name, stroke: this.tone(i), width: 2, spanGaps: true,
            points: { show: !!l.points, size: 6, fill: this.tone(i) },
          })),
          ...this.levels.map((l, i) => ({
            label: l.name, stroke: this.tone(3 + (i % 3)), width: 1, dash: dashes[3 + (i % 3)]!, points: { show: false },
          })),
        ],
      },
      data,
      place,
    );
    this.sizes?.disconnect();
    this.sizes?.observe(place);
  }

  private asSvg(): string {
    const { lines, levels } = this;
    const values = [...lines.flatMap((l) => l.y), ...levels.map((l) => l.value)].filter(Number.isFinite);
    const steps = lines.flatMap((l) => l.x);
    const x = scaleLinear([Math.min(...steps), Math.max(...steps)], [56, 700]);
    const y = scaleLinear([Math.min(...values), Math.max(...values)], [300, 16]).nice();
    const text = (s: string) => s.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]!);
    const path = line<[number, number]>().defined(([, v]) => Number.isFinite(v)).x(([s]) => x(s)).y(([, v]) => y(v));
    return [
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 344" font-family="sans-serif" font-size="12">',
      `<title>${text(this.label)}</title>`,
      ...y.ticks(6).map((v) => `<path d="M56 ${y(v)}H700" stroke="#ddd"/><text x="48" y="${y(v) + 4}" text-anchor="end">${v}</text>`),
      ...(this.names ? this.names.map((_, i) => i) : x.ticks(6)).map((v) => `<text x="${x(v)}" y="318" text-anchor="middle">${text(this.names?.[v] ?? String(v))}</text>`),
      `<text x="378" y="338" text-anchor="middle">${text(this.xTitle)}</text>`,
      ...lines.map((l, i) => `<path d="${path(l.x.map((s, j): [number, number] => [s, l.y[j]!]))}" fill="none" stroke="${this.tone(i)}" stroke-width="2"/>` +
        `<text x="708" y="${28 + 18 * i}" fill="${this.tone(i)}">${text(l.name)}</text>`),
      ...levels.map((l) => `<path d="M56 ${y(l.value)}H700" stroke="#777" stroke-dasharray="6 3"/>` +
        `<text x="704" y="${y(l.value) + 4}">${text(l.name)} ${number(l.value, 3)}</text>`),
      '</svg>\n',
    ].join('\n');
  }

  override render(): TemplateResult {
    const entry = (name: string, value: number | undefined, i: number) => html`<li><svg width="20" height="4" aria-hidden="true">
      ${svg`<line x1="0" x2="20" y1="2" y2="2" stroke=${this.tone(i)} stroke-width=${i < 3 ? 3 : 1.5} stroke-dasharray=${(dashes[i] ?? []).join(' ') || 'none'}></line>`}</svg>
      <span>${name}${value === undefined || !Number.isFinite(value) ? '' : html` <b>${number(value, 3)}</b>`}</span></li>`;
    return html`<ul class="legend">
        ${this.lines.map((l, i) => entry(l.name, l.y[l.y.length - 1], i))}
        ${this.levels.map((l, i) => entry(l.name, l.value, 3 + (i % 3)))}</ul>
      <div class="curve" role="img" aria-label=${this.label}></div>
      <div class="foot"><button class="link" @click=${() => save('curve.svg', this.asSvg(), 'image/svg+xml')}>SVG</button></div>`;
  }
}
customElements.define('lab-curve', CurveChart);
