// Any page of the program, drawn: its facts, and section by section what it says, the formula, the figure and the table.
import { html, nothing, type TemplateResult } from 'lit';
import { asNumber, csv, column, number, show, type Figure, type Page, type Section, type Table } from '../page';
import { sources } from '../engine';
import { save } from '../files';
import { engine, report } from '../lab';
import { bars } from './bars';
import './curve';
import { formula, lines } from './formula';
import './heat-table';
import './map';
import { addressOf, words } from '../words';
import { Part } from './part';

export const facts = (page: Page): TemplateResult | typeof nothing => {
  const all = Object.values(page.facts);
  return all.length
    ? html`<dl class="facts">${all.map((f) => html`<div><dt>${f.title}</dt><dd>${show(f.value, f.format)}</dd></div>`)}</dl>`
    : nothing;
};

/** The rows of a table that its figure draws. */
const drawn = (table: Table) => table.rows.slice(0, table.rows.length - table.totals);

function barsOf(figure: Figure, table: Table): TemplateResult {
  const name = column(table, figure.x);
  const value = column(table, figure.y[0]!);
  const rows = drawn(table);
  const { format, heat } = table.columns[value]!;
  const share = heat === 'unit' && rows.every((row) => asNumber(row[value]) >= 0);
  return bars(
    rows.map((row) => ({
      name: show(row[name]!, table.columns[name]!.format),
      value: asNumber(row[value]),
      text: show(row[value]!, format),
    })),
    share ? 'p' : 'signed',
  );
}

function lineOf(figure: Figure, table: Table): TemplateResult {
  const rows = drawn(table);
  const x = column(table, figure.x);
  const named = rows.some((row) => typeof row[x] === 'string');
  const steps = rows.map((row, i) => (named ? i : asNumber(row[x])));
  const ys = figure.y.map((key) => column(table, key));
  return html`<lab-curve .label=${figure.title} .xTitle=${figure.x_title ?? table.columns[x]!.title} .yTitle=${figure.y_title ?? ''}
    .names=${named ? rows.map((row) => String(row[x])) : undefined}
    .lines=${ys.slice(0, 6).map((y) => {
      const known = rows.flatMap((row, i) => (Number.isFinite(asNumber(row[y])) ? [i] : []));
      return {
        name: table.columns[y]!.title,
        x: known.map((i) => steps[i]!),
        y: known.map((i) => asNumber(rows[i]![y])),
        points: known.length < 30,
      };
    })}
    .levels=${figure.references.map((r) => ({ name: r.title, value: r.value }))}></lab-curve>`;
}

function mapOf(figure: Figure, table: Table, page: Page): TemplateResult {
  const [x, y, label] = [figure.x, figure.y[0]!, figure.label ?? ''].map((key) => column(table, key)) as [number, number, number];
  const share = (key: string) => {
    const fact = page.facts[key.replace('component', 'explained')];
    return fact ? ` (${number(100 * asNumber(fact.value), 0)}% of the variance)` : '';
  };
  return html`<lab-map .label=${figure.title} .xTitle=${table.columns[x]!.title + share(figure.x)} .yTitle=${table.columns[y]!.title + share(figure.y[0]!)}
    .points=${drawn(table).map((row) => ({ name: String(row[label] ?? '').replace(/^'(.)'$/u, '$1'), x: asNumber(row[x]), y: asNumber(row[y]) }))}></lab-map>`;
}

/** A heat map is its own table. */
function figureOf(section: Section, page: Page): TemplateResult | typeof nothing {
  const { figure, table } = section;
  if (!figure || !table || !drawn(table).length) return nothing;
  switch (figure.kind) {
    case 'bars':
      return barsOf(figure, table);
    case 'line':
      return lineOf(figure, table);
    case 'scatter':
      return mapOf(figure, table, page);
    default:
      return nothing;
  }
}

async function saveFigure(page: Page, section: Section): Promise<void> {
  try {
    const { text } = await engine.export(sources.get(page)!, 'svg', section.key);
    save(`${page.view}-${section.key}.svg`, text, 'image/svg+xml');
  } catch (problem) {
    report(problem);
  }
}

export function sectionView(section: Section, page: Page, index?: number): TemplateResult {
  const { table } = section;
  const wide = table !== null && table.columns.length > 14;
  return html`<section class="panel">
    ${section.title ? html`<h2>${index === undefined ? '' : `${index + 1}. `}${section.title}</h2>` : nothing}
    ${section.says ? html`<p>${words(section.says)}</p>` : nothing}
    ${formula(section.formula, section.numbers, section.result)}
    ${figureOf(section, page)}
    ${table
      ? html`<heat-table .table=${table} .label=${section.title ?? section.key} ?dense=${wide} .most=${section.figure?.kind === 'line' && table.rows.length > 24 ? 10 : 40}></heat-table>`
      : nothing}
    <div class="foot">
      ${section.note ? html`<span>${words(section.note)}</span>` : nothing}
      ${table && table.total_rows > drawn(table).length ? html`<span>${drawn(table).length} of ${table.total_rows} rows</span>` : nothing}
      ${lines(section.lines)}
      ${section.address ? html`<a class="mono" href=${addressOf(section.address) ?? nothing}>${section.address}</a>` : nothing}
      ${section.figure && section.figure.kind !== 'line' && sources.has(page) ? html`<button class="link" @click=${() => saveFigure(page, section)}>SVG</button>` : nothing}
      ${table ? html`<button class="link" @click=${() => save(`${page.view}-${section.key}.csv`, csv(table), 'text/csv')}>CSV</button>` : nothing}
    </div></section>`;
}

export class PageView extends Part {
  static override properties = { page: { attribute: false }, skip: { attribute: false } };
  declare page: Page;
  /** Keys of sections that are shown elsewhere. */
  declare skip: string[];
  constructor() {
    super();
    this.skip = [];
  }
  override render(): TemplateResult {
    const { page } = this;
    const sections = page.sections.filter((s) => !this.skip.includes(s.key));
    return html`<div class="stop">
      ${page.about ? html`<p>${words(page.about)} ${lines(page.lines)}</p>` : nothing}
      ${facts(page)}
      ${(page.warnings ?? []).map((w) => html`<p class="notice">${w}</p>`)}
      ${sections.map((s, i) => sectionView(s, page, page.steps ? i : undefined))}
      <div class="foot"><button class="link" @click=${() => save(`${page.view}.json`, JSON.stringify(page, null, 1), 'application/json')}>the page as JSON</button></div>
    </div>`;
  }
}
customElements.define('page-view', PageView);
