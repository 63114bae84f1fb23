// A real table with coloured cells. The row and column under pointer or focus are marked; where cells can be picked the
// arrow keys move between them and Enter picks. Numbers that are never computed (the future, in attention) are hatched.
import { html, nothing, type TemplateResult } from 'lit';
import { asNumber, plain, show, type Column, type Table, type Value } from '../page';
import { addressOf } from '../words';
import { Part, vars } from './part';

export interface Pick {
  row: number;
  column: number;
}

/** By how much of the scale a cell is coloured, from -1 to 1. */
export function heats(table: Table): (number | undefined)[][] {
  const { columns, rows, totals } = table;
  const body = rows.slice(0, rows.length - totals);
  const largest = (values: Value[]) =>
    Math.max(0, ...values.map((v) => Math.abs(asNumber(v))).filter((v) => Number.isFinite(v)));
  const ofColumn = columns.map((_, c) => largest(body.map((row) => row[c] ?? null)));
  const ofTable = Math.max(0, ...columns.map((c, i) => (c.heat === 'table' ? ofColumn[i]! : 0)));
  return body.map((row) => {
    const inRow = columns.flatMap((c, i) => (c.heat === 'row' && typeof row[i] === 'number' ? [row[i] as number] : []));
    const low = Math.min(...inRow);
    const high = Math.max(...inRow);
    return columns.map((c, i) => {
      const value = asNumber(row[i]);
      if (!Number.isFinite(value) || c.heat === 'none') return undefined;
      if (c.heat === 'row') return high > low ? (value - low) / (high - low) : 0;
      const scale = c.heat === 'unit' ? 1 : c.heat === 'column' ? ofColumn[i]! : ofTable;
      return scale > 0 ? Math.max(-1, Math.min(1, value / scale)) : 0;
    });
  });
}

export class HeatTable extends Part {
  static override properties = {
    table: { attribute: false },
    label: {},
    pick: { attribute: false },
    pinned: { attribute: false },
    chosen: { attribute: false },
    dense: { type: Boolean },
    most: { type: Number },
  };
  declare table: Table;
  /** What the table shows, for those who cannot see it. */
  declare label: string;
  declare pick: ((at: Pick) => void) | undefined;
  declare pinned: Pick | undefined;
  /** A row that is marked as the chosen one. */
  declare chosen: number | undefined;
  declare dense: boolean;
  /** Rows that are shown at first. */
  declare most: number | undefined;
  private all = false;

  private mark(event: Event, on: boolean): void {
    const cell = (event.target as Element).closest('td');
    const row = cell?.parentElement as HTMLTableRowElement | null;
    if (!cell || !row) return;
    this.querySelector('thead')?.rows[0]?.cells[cell.cellIndex]?.classList.toggle('lit', on);
    row.cells[0]?.classList.toggle('lit', on);
  }

  private move(event: KeyboardEvent): void {
    const cell = (event.target as Element).closest<HTMLTableCellElement>('td[tabindex]');
    if (!cell) return;
    const row = cell.parentElement as HTMLTableRowElement;
    const body = row.parentElement as HTMLTableSectionElement;
    const steps: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const step = steps[event.key];
    if (step) {
      const to = body.rows[row.sectionRowIndex + step[0]]?.cells[cell.cellIndex + step[1]];
      if (!to?.hasAttribute('tabindex')) return;
      event.preventDefault();
      cell.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      cell.click();
    }
  }

  /** What does not fit can be scrolled with the keyboard too. */
  protected override updated(): void {
    const place = this.querySelector<HTMLElement>('.table')!;
    const scrolls = place.scrollWidth > place.clientWidth + 1;
    if (scrolls && !this.pick) place.tabIndex = 0;
    else place.removeAttribute('tabindex');
  }

  override render(): TemplateResult {
    const { table } = this;
    const heat = heats(table);
    const size = table.rows.length - table.totals;
    const shown = this.all || !this.most ? size : Math.min(size, this.most);
    const signed = table.columns.map((c, i) => c.heat !== 'none' && heat.some((row) => (row[i] ?? 0) < 0));
    const anySigned = signed.some(Boolean);
    const words = (c: Column) => (c.format.kind === 'text' ? 'words' : '');
    const matrix = table.columns.some((c) => c.heat === 'unit' || c.heat === 'table');
    const cells = (row: Value[], r: number) =>
      row.map((value, c) => {
        const column = table.columns[c]!;
        const h = heat[r]?.[c];
        // Narrow cells have room for two digits; the third is in the table's file.
        const format = this.dense && column.format.digits > 2 ? { ...column.format, digits: 2 } : column.format;
        if (c < table.labels && !value && value !== 0) return html`<td></td>`;
        const origin = typeof value === 'string' && !this.pick ? addressOf(value) : undefined;
        const linked = (text: unknown) => (origin ? html`<a href=${origin}>${text}</a>` : text);
        if (c < table.labels) return html`<th scope="row" class=${words(column)}>${linked(plain(show(value, column.format)))}</th>`;
        if (value === null && matrix && column.heat !== 'none' && r < size)
          return html`<td class="never"><span class="unseen">never computed</span></td>`;
        const text = Array.isArray(value) ? html`<lab-spark .values=${value}></lab-spark>` : show(value, format);
        const long = String(value ?? '').length > 40 ? ' long' : '';
        const tone = h === undefined ? words(column) + long : `hot ${h < 0 ? 'minus' : anySigned ? 'plus' : 'p'}`;
        const pinned = this.pinned?.row === r && this.pinned.column === c ? ' pinned' : '';
        if (!this.pick || h === undefined)
          return html`<td class=${tone + pinned} ${vars({ h: Math.abs(h ?? 0) })}>${linked(text)}</td>`;
        const first = this.pinned ? !!pinned : r === 0 && c === table.labels;
        return html`<td class=${tone + pinned} tabindex=${first ? 0 : -1} ${vars({ h: Math.abs(h) })}
          @click=${() => this.pick!({ row: r, column: c })}>${text}</td>`;
      });
    return html`<div class="table ${this.dense ? 'dense' : ''}" role="region" aria-label=${this.label || 'table'}>
      <table role=${this.pick ? 'grid' : nothing} aria-label=${this.label || nothing}
        @pointerover=${(e: Event) => this.mark(e, true)} @pointerout=${(e: Event) => this.mark(e, false)}
        @focusin=${(e: Event) => this.mark(e, true)} @focusout=${(e: Event) => this.mark(e, false)}
        @keydown=${(e: KeyboardEvent) => this.move(e)}>
        <thead><tr>${table.columns.map((c) =>
          c.title ? html`<th scope="col" class=${words(c)}>${plain(c.title)}</th>` : html`<td></td>`)}</tr></thead>
        <tbody>${table.rows.slice(0, shown).map((row, r) => html`<tr class=${r === this.chosen ? 'chosen' : ''}>${cells(row, r)}</tr>`)}
        ${table.rows.slice(size).map((row, r) => html`<tr class="total">${cells(row, size + r)}</tr>`)}</tbody>
      </table></div>
      ${shown < size || this.all ? html`<button class="link small" @click=${() => { this.all = !this.all; this.requestUpdate(); }}>
        ${this.all ? 'show fewer' : `show all ${size} rows`}</button>` : nothing}`;
  }
}
customElements.define('heat-table', HeatTable);

/** A list of numbers as a small line. */
export class Spark extends Part {
  static override properties = { values: { attribute: false } };
  declare values: number[];
  override render(): TemplateResult {
    const numbers = this.values.map((v) => asNumber(v));
    const finite = numbers.filter(Number.isFinite);
    const low = Math.min(...finite);
    const span = Math.max(...finite) - low || 1;
    const points = numbers.flatMap((v, i) =>
      Number.isFinite(v) ? [`${(2 + (96 * i) / Math.max(1, numbers.length - 1)).toFixed(1)},${(16 - (14 * (v - low)) / span).toFixed(1)}`] : []);
    return html`<svg width="100" height="18" viewBox="0 0 100 18" role="img" aria-label=${numbers.map((v) => v.toPrecision(3)).join(', ')}>
      <polyline points=${points.join(' ')} fill="none" stroke="currentColor" stroke-width="1.5"></polyline></svg>`;
  }
}
customElements.define('lab-spark', Spark);
