// A formula, the formula with numbers, and what they come to; and where microgpt.py does it.
import { html, nothing, type TemplateResult } from 'lit';
import { number, type Lines, type Value } from '../page';

export function lines(of: Lines | null): TemplateResult | typeof nothing {
  if (!of) return nothing;
  const where = of.first === of.last ? `line ${of.first}` : `lines ${of.first} to ${of.last}`;
  return html`<span class="small soft">microgpt.py, ${where}</span>`;
}

export function formula(formula: unknown, numbers: string | null = null, result: Value = null): TemplateResult | typeof nothing {
  if (!formula && !numbers) return nothing;
  const value = result === null ? '' : typeof result === 'number' ? number(result, 4) : String(result);
  return html`<div class="formula">
    ${formula ? html`<div>${formula}</div>` : nothing}
    ${numbers ? html`<div class="numbers">${numbers}</div>` : nothing}
    ${value ? html`<div class="result">= ${value}</div>` : nothing}</div>`;
}
