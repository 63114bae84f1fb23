// The probabilities of all characters, always in the same order: a learner learns where the e stands.
import { html, nothing, type TemplateResult } from 'lit';
import { fixed, glyph, percent } from '../page';
import { vars } from './part';

export interface DistributionOptions {
  /** What did come next. */
  real?: number;
  drawn?: number;
  /** Probabilities before something was switched off: a mark across each bar. */
  before?: number[];
  /** Tokens that may not be drawn. */
  barred?: Set<number>;
  pick?: (token: number) => void;
}

export function distribution(labels: string[], p: number[], options: DistributionOptions = {}): TemplateResult {
  const { real, drawn, before, barred, pick } = options;
  const top = Math.max(...p, ...(before ?? []), 0.05);
  return html`<ol class="distribution" tabindex="0" aria-label="The probability of every token">${labels.map((label, i) => {
    const share = p[i] ?? 0;
    const kinds = [i === real && 'real', i === drawn && 'drawn', barred?.has(i) && 'barred'].filter(Boolean).join(' ');
    const letter = glyph(label);
    const says = `${label}: ${fixed(100 * share, 2)}%${i === real ? ', what comes next in the text' : ''}`;
    return html`<li class=${kinds} title=${says}>
      <span class="column" ${vars({ p: share / top })}><span class="fill"></span>
        ${before ? html`<span class="before" ${vars({ p: (before[i] ?? 0) / top })}></span>` : nothing}
        ${share >= 0.03 ? html`<span class="p" aria-hidden="true" ${vars({ p: Math.max(share, before?.[i] ?? 0) / top })}>${percent(share)}</span>` : nothing}</span>
      ${pick
        ? html`<button class="link letter" aria-label=${says} @click=${() => pick(i)}>${letter}</button>`
        : html`<span class="letter" aria-hidden="true">${letter}</span><span class="unseen">${says}</span>`}
    </li>`;
  })}</ol>`;
}
