// Bars from a common zero, one a row, with their numbers.
import { html, type TemplateResult } from 'lit';
import { scaleLinear } from 'd3-scale';
import { vars } from './part';

export interface Bar {
  name: unknown;
  value: number;
  text: string;
}

/** `kind` p: shares, which are in the colour of probabilities. */
export function bars(rows: Bar[], kind: 'p' | 'signed' = 'signed', largest?: number): TemplateResult {
  const values = rows.map((r) => (Number.isFinite(r.value) ? r.value : 0));
  const low = Math.min(0, ...values);
  const high = largest ?? Math.max(0, ...values);
  const x = scaleLinear([low, high > low ? high : low + 1], [0, 100]).clamp(true);
  return html`<ul class="bars">${rows.map((row, i) => {
    const value = values[i]!;
    return html`<li><span>${row.name}</span>
      <span class="lane" ${vars({ zero: `${x(0)}%` })}><span class="bar ${kind === 'p' ? 'p' : value < 0 ? 'minus' : ''}"
        ${vars({ from: `${x(Math.min(0, value))}%`, to: `${x(Math.max(0, value))}%` })}></span></span>
      <span class="value">${row.text}</span></li>`;
  })}</ul>`;
}
