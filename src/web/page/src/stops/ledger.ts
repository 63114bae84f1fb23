// Why this character and not that one: a logit, or the difference of two, as a sum of what every part wrote.
import { html, nothing, type TemplateResult } from 'lit';
import { base, isOff, lab, setParam, toggle } from '../lab';
import { positionPart } from '../frame/switches';
import { asNumber, change, column, fixed, percent, plain, section, show, type Page } from '../page';
import { distribution } from '../parts/distribution';
import '../parts/question';
import '../parts/waterfall';
import type { Piece } from '../parts/waterfall';
import { without } from '../without';
import { head, Stop, why } from './stop';

/** What has to be switched off to take a term of the ledger away: the head or the neuron as a whole. */
function partOf(address: string): string | undefined {
  const head = /^(layer\d+)\.attn\.pattern\[head (\d+)/.exec(address);
  if (head) return `${head[1]}.attn.z[head ${head[2]}]`;
  const neuron = /^(layer\d+)\.mlp\.post\[.*neuron (\d+)/.exec(address);
  if (neuron) return `${neuron[1]}.mlp.post[neuron ${neuron[2]}]`;
  const whole = /^(layer\d+\.(?:attn|mlp)\.out)/.exec(address);
  if (whole) return whole[1];
  const position = /^embed\.position\[position (\d+)/.exec(address);
  return position ? positionPart(Number(position[1])) : undefined;
}

function pieces(page: Page | undefined, key: string): Piece[] {
  const table = section(page, key)?.table;
  if (!table) return [];
  const [name, value, at] = ['part', 'value', 'address'].map((k) => column(table, k)) as [number, number, number];
  return table.rows.slice(0, table.rows.length - table.totals).map((row) => ({
    name: String(row[name]),
    value: asNumber(row[value]),
    part: typeof row[at] === 'string' ? partOf(row[at]) : undefined,
  }));
}

/** Parts that are off have no term any more; they stay where one can switch them on again. */
function withGone(now: Piece[], whole: Piece[]): Piece[] {
  const there = new Set(now.map((p) => p.name));
  return [...now, ...whole.filter((p) => p.part && isOff(p.part) && !there.has(p.name)).map((p) => ({ ...p, value: 0 }))];
}

export class LedgerStop extends Stop {
  private choice(name: string, key: string, none: string): TemplateResult {
    const { vocabulary } = lab.state.prediction!;
    const value = lab.state.params[key] ?? '';
    return html`<label class="row small"><span class="soft">${name}</span><select @change=${(e: Event) => setParam(key, (e.target as HTMLSelectElement).value)}>
      <option value="" ?selected=${!value} .selected=${!value}>${none}</option>${vocabulary.map((label) => html`<option value=${plain(label)} .selected=${plain(label) === value || label === value}>${plain(label)}</option>`)}</select></label>`;
  }

  override render(): TemplateResult {
    const title = head('The ledger: why this character?', 'A logit is exactly the sum of what each part of the model wrote into the stream. The bars add up, and each part can be switched off where it stands.');
    const missing = this.missing();
    if (missing) return html`<div class="stop">${title}${missing}</div>`;
    const { text, position, params, prediction, whole } = lab.state;
    const options = {
      '--text': text, '--position': position, '--top': 0,
      ...(params.target ? { '--target': params.target } : {}), ...(params.vs ? { '--contrast': params.vs } : {}),
    };
    const now = this.ask('study', 'ledger', options);
    const bare = this.ask('study', 'ledger', options, base()!.model, 'whole').page;
    const page = now.page;
    const fact = (key: string) => (page?.facts[key] ? show(page.facts[key]!.value, page.facts[key]!.format) : '');
    const target = fact('target');
    const contrast = fact('contrast');
    const parts = withGone(pieces(page, 'parts'), pieces(bare, 'parts'));
    const stages = withGone(pieces(page, 'stages'), pieces(bare, 'stages'));
    const of = (label: string) => prediction!.vocabulary.indexOf(label);
    const row = prediction!.probabilities[position] ?? [];
    const before = whole?.probabilities[position];
    const sum = contrast ? `logit of ${plain(target)} − logit of ${plain(contrast)}` : `logit of ${plain(target)}`;
    const largest = [...pieces(bare, 'parts')].filter((p) => p.part).sort((a, b) => Math.abs(b.value) - Math.abs(a.value))[0];
    return html`<div class="stop">${title}
      <div class="row wide">${this.choice('why', 'target', target ? plain(target) : 'what comes next')}${this.choice('and not', 'vs', 'nothing')}
        ${target ? html`<span class="small">After “${[...text].slice(0, position).join('')}”, ${plain(target)} has a probability of <b>${percent(row[of(target)] ?? 0)}</b>${
          before && before !== row && of(target) >= 0 ? html` <span class="soft">(${percent(before[of(target)] ?? 0)} with everything on)</span>` : ''}.</span>` : nothing}</div>
      ${now.problem ? html`<p class="notice wrong" role="alert">${now.problem.message}</p>` : nothing}
      ${page ? html`
        <section class="panel"><h2>By stages</h2>
          <lab-waterfall .pieces=${stages} .sumName=${sum} .isOff=${isOff} .toggle=${toggle}></lab-waterfall></section>
        ${largest ? html`<lab-question .ask=${`Of the parts that have a switch, the largest is ${largest.name} (${change(largest.value)}). Without it, is ${plain(target)} still the likeliest character?`} .answers=${['Yes, it stays or becomes the likeliest', 'No']}
          .judge=${async () => {
            const then = (await without([largest.part!])).probabilities[position]!;
            const best = then.indexOf(Math.max(...then));
            return { right: best === of(target) ? 0 : 1, says: `Without it the likeliest is ${plain(prediction!.vocabulary[best]!)} with ${percent(then[best]!)}; ${plain(target)} has ${percent(then[of(target)] ?? 0)}. Later parts see the change too, so the sum can move by more than the bar.` };
          }}></lab-question>` : nothing}
        <section class="panel"><h2>By parts</h2><p class="small soft">What each head took from each position, and each neuron. A switch takes the whole head or neuron away, everywhere; every later part then computes with what is left.</p>
          <lab-waterfall .pieces=${parts} .sumName=${sum} .most=${14} .isOff=${isOff} .toggle=${toggle}></lab-waterfall>
          <p class="small soft">${section(page, 'stages')?.note} The logit itself is ${fixed(asNumber(page.facts.logit?.value), 6)}.</p></section>
        <section class="panel"><h2>All characters</h2>
          ${distribution(prediction!.vocabulary, row, { real: prediction!.tokens[position + 1], before: before === row ? undefined : before, pick: (t) => setParam('target', plain(prediction!.vocabulary[t]!)) })}
          ${before !== row ? html`<p class="small soft">The black marks are the probabilities with everything on.</p>` : nothing}</section>` : nothing}
      ${why('Why do the bars add up?', html`<p>Each part writes a vector into the stream, and the vectors are added. A logit is the product of the stream with one row of lm_head. A product with a sum is the sum of the products, so each part has a share of its own, to the last digit:
          share = lm_head[target] · vector. Nothing is approximated, because there is no norm between the stream and lm_head.</p>
        <p>A share is not the same as an effect. Switch a part off, and all parts after it read another stream and write something else. The bar says what the part wrote; the switch says what would have happened without it.</p>`)}
    </div>`;
  }
}
customElements.define('stop-ledger', LedgerStop);
