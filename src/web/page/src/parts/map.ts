// Points with letters. The picture keeps its orientation from one moment to the next: a principal component has no sign of
// its own, so the sign is chosen that moves the points least.
import { html, svg, nothing, type TemplateResult } from 'lit';
import { scaleLinear } from 'd3-scale';
import { fixed } from '../page';
import { Part, vars } from './part';

export interface Point {
  name: string;
  x: number;
  y: number;
}

const size = { width: 640, height: 480, edge: 40 };

export class PointMap extends Part {
  static override properties = {
    points: { attribute: false },
    xTitle: { attribute: false },
    yTitle: { attribute: false },
    label: {},
    chosen: { attribute: false },
    near: { attribute: false },
    pick: { attribute: false },
  };
  declare points: Point[];
  declare xTitle: string;
  declare yTitle: string;
  declare label: string;
  declare chosen: string | undefined;
  declare near: string[];
  declare pick: ((name: string) => void) | undefined;
  private earlier = new Map<string, Point>();

  constructor() {
    super();
    this.near = [];
  }

  private oriented(): Point[] {
    const along = (axis: 'x' | 'y') =>
      this.points.reduce((sum, p) => sum + p[axis] * (this.earlier.get(p.name)?.[axis] ?? 0), 0) < 0 ? -1 : 1;
    const [sx, sy] = [along('x'), along('y')];
    const points = this.points.map((p) => ({ name: p.name, x: sx * p.x, y: sy * p.y }));
    this.earlier = new Map(points.map((p) => [p.name, p]));
    return points;
  }

  override render(): TemplateResult {
    const points = this.oriented();
    const { width, height, edge } = size;
    const reach = Math.max(1e-9, ...points.flatMap((p) => [Math.abs(p.x), Math.abs(p.y) * (width / height)]));
    const x = scaleLinear([-reach, reach], [edge, width - edge]);
    const y = scaleLinear([-reach * (height / width), reach * (height / width)], [height - edge, edge]);
    return html`<div class="map"><svg viewBox="0 0 ${width} ${height}" role=${this.pick ? 'group' : 'img'} aria-label=${this.label}>
      <g class="axis">
        <line x1=${edge} x2=${width - edge} y1=${y(0)} y2=${y(0)}></line><line y1=${edge} y2=${height - edge} x1=${x(0)} x2=${x(0)}></line>
        ${x.ticks(5).filter((t) => t !== 0).map((t) => svg`<text x=${x(t)} y=${y(0) + 12}>${fixed(t, 1)}</text>`)}
        <text class="end" x=${width - edge / 2} y=${height - edge / 3}>${this.xTitle} →</text>
        <text class="start" x=${x(0) + 8} y=${edge - 14}>↑ ${this.yTitle}</text>
      </g>
      ${points.map((p) => {
        const kind = p.name === this.chosen ? 'chosen' : this.near.includes(p.name) ? 'near' : '';
        const choose = () => this.pick?.(p.name);
        return svg`<g class="point ${kind}" ${vars({ x: x(p.x).toFixed(1), y: y(p.y).toFixed(1) })}
          role=${this.pick ? 'button' : nothing} tabindex=${this.pick ? 0 : nothing} aria-label=${`${p.name}: ${fixed(p.x, 2)}, ${fixed(p.y, 2)}`}
          aria-pressed=${this.pick ? String(p.name === this.chosen) : nothing}
          @click=${choose} @keydown=${(e: KeyboardEvent) => (e.key === 'Enter' || e.key === ' ') && (e.preventDefault(), choose())}>
          <circle r="13"></circle><text>${p.name}</text></g>`;
      })}</svg></div>`;
  }
}
customElements.define('lab-map', PointMap);
