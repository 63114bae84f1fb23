// A formula, the formula with numbers, and what they come to; and where microgpt.py does it.
import { html, nothing, type TemplateResult } from 'lit';
import { fixed, number, type Lines, type Value } from '../page';
import { mathematics } from '../words';

export function lines(of: Lines | null): TemplateResult | typeof nothing {
  if (!of) return nothing;
  const where = of.first === of.last ? `line ${of.first}` : `lines ${of.first} to ${of.last}`;
  return html`<span class="small soft">microgpt.py, ${where}</span>`;
}

export function formula(formula: unknown, numbers: string | null = null, result: Value = null): TemplateResult | typeof nothing {
  if (!formula && !numbers) return nothing;
  // A small result has as many digits as a large one.
  const small = typeof result === 'number' && result !== 0 && Math.abs(result) < 0.01;
  const value = result === null ? '' : small ? number(result, 4 - Math.ceil(Math.log10(Math.abs(result)))) : typeof result === 'number' ? fixed(result, 4) : String(result);
  return html`<div class="formula">
    ${formula ? html`<div>${typeof formula === 'string' ? mathematics(formula) : formula}</div>` : nothing}
    ${numbers ? html`<div class="numbers">${mathematics(numbers)}</div>` : nothing}
    ${value ? html`<div class="result">= ${value}</div>` : nothing}</div>`;
}
