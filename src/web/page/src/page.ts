// The document that every view is (docs/pages.md), and how its numbers are written.

export type Value = string | number | number[] | null;
export interface Format {
  kind: 'text' | 'whole' | 'fixed' | 'number' | 'percent';
  digits: number;
}
export interface Column {
  key: string;
  title: string;
  format: Format;
  heat: 'none' | 'unit' | 'column' | 'table' | 'row';
}
export interface Table {
  columns: Column[];
  labels: number;
  rows: Value[][];
  totals: number;
  total_rows: number;
  more: string | null;
}
export interface Figure {
  kind: 'line' | 'bars' | 'heatmap' | 'scatter';
  title: string;
  x: string;
  y: string[];
  label: string | null;
  x_title: string | null;
  y_title: string | null;
  references: { title: string; value: number }[];
}
export interface Lines {
  first: number;
  last: number;
  revisions: string[];
}
export interface Section {
  key: string;
  title: string | null;
  says: string | null;
  address: string | null;
  lines: Lines | null;
  formula: string | null;
  numbers: string | null;
  result: Value;
  agreement: number | null;
  table: Table | null;
  figure: Figure | null;
  note: string | null;
}
export interface Page {
  view: string;
  about: string | null;
  lines: Lines | null;
  steps: boolean;
  facts: Record<string, { title: string; value: Value; format: Format }>;
  sections: Section[];
  warnings?: string[];
}

export const minus = '−';

/** Numbers that are not finite come as words. */
export function asNumber(value: Value | undefined): number {
  if (typeof value === 'number') return value;
  if (value === 'inf') return Infinity;
  if (value === '-inf') return -Infinity;
  return NaN;
}

const signed = (text: string) => text.replace(/^-/, minus);

export function fixed(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : `${minus}inf`;
  const text = value.toFixed(digits);
  return signed(Number(text) === 0 ? text.replace('-', '') : text);
}

/** Scientific where so many digits after the point would show nothing of the number. */
export function number(value: number, digits: number): string {
  if (!Number.isFinite(value) || value === 0) return value === 0 ? '0' : fixed(value, digits);
  const size = Math.abs(value);
  if (size < 0.5 * 10 ** -digits || size >= 1e9) return signed(value.toExponential(2));
  return fixed(value, digits);
}

export function whole(value: number): string {
  return signed(Math.round(value).toLocaleString('en-US'));
}

export function show(value: Value, format: Format): string {
  if (value === null) return '';
  if (Array.isArray(value)) return value.map((v) => number(v, 3)).join(' ');
  if (typeof value === 'string' && format.kind === 'text') return value;
  const n = asNumber(value);
  if (typeof value === 'string' && Number.isNaN(n) && value !== 'nan') return value;
  switch (format.kind) {
    case 'whole':
      return whole(n);
    case 'fixed':
      return fixed(n, format.digits);
    case 'percent':
      return `${fixed(100 * n, format.digits)}%`;
    case 'number':
      return number(n, format.digits);
    default:
      return number(n, 4);
  }
}

/** A probability as a reader takes it in. */
export function percent(p: number): string {
  if (p > 0 && p < 0.005) return '<1%';
  if (p < 1 && p > 0.995) return '>99%';
  return `${Math.round(100 * p)}%`;
}

/** A change with its sign. */
export function change(value: number, digits = 3): string {
  const text = fixed(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

export const column = (table: Table, key: string) => table.columns.findIndex((c) => c.key === key);
export const section = (page: Page | undefined, key: string) => page?.sections.find((s) => s.key === key);
/** "'a'" is shown as a, a space and the like in quotes. */
export const plain = (token: string) => (/^'[^\s\\]'$/u.test(token) ? token.slice(1, -1) : token);

/** The same, short enough for a small box: signs for a space and a newline. */
export const glyph = (token: string) => (token === "' '" ? '␣' : token === "'\\n'" ? '↵' : plain(token));

/** The character that a label in quotes stands for. */
export function unquoted(label: string): string {
  const inner = label.replace(/^'(.*)'$/su, '$1');
  return inner
    .replace(/\\u\{?([0-9a-f]+)\}?/giu, (_, hex: string) => String.fromCodePoint(parseInt(hex, 16)))
    .replace(/\\n/g, '\n')
    .replace(/\\t/g, '\t')
    .replace(/\\(['"\\])/g, '$1');
}

const cell = (value: Value) => {
  const text = value === null ? '' : Array.isArray(value) ? value.join(' ') : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
export const csv = (table: Table) =>
  [table.columns.map((c) => cell(c.key)), ...table.rows.map((row) => row.map(cell))]
    .map((row) => row.join(','))
    .join('\n') + '\n';
