// The words and formulas of the program's pages, as a page shows them: commands in quotes become links to the same view
// here, sentences about options of the command line go, and formulas get their sub- and superscripts.
import { html, type TemplateResult } from 'lit';
import { lab } from './lab';
import { minus } from './page';

type Words = (string | TemplateResult)[];

/** `explain softmax --at X` as an address here. */
function commandAddress(kind: string, name: string, options: string): string {
  const query = new URLSearchParams({ text: lab.state.text, pos: String(lab.state.position) });
  for (const [, option, value] of options.matchAll(/--([\w-]+)(?: (.*?))?(?= --|$)/g)) {
    if (option !== 'model') query.set(option!, value?.trim() || '1');
  }
  return `#/view/${kind}/${name}?${query}`;
}

export function words(text: string): Words {
  const links: TemplateResult[] = [];
  const marked = text.replace(/'(explain|study) (\w+)((?: --[^']*)?)'/g, (_, kind: string, name: string, options: string) => {
    links.push(html`<a href=${commandAddress(kind, name, options)}>${kind} ${name}</a>`);
    return '\u0001';
  });
  const sentences = marked.split(/(?<=\.) /).filter((sentence) => !/(^|\s)--[a-z]/.test(sentence));
  return sentences.join(' ').split('\u0001').flatMap((part, i) => (i ? [links[i - 1]!, part] : [part]));
}

const topics: [RegExp, string][] = [
  [/^layer\d+\.attn\.(q|k|v|out)\b/, 'linear'],
  [/^layer\d+\.attn\.(scores|pattern|z)\b/, 'attention'],
  [/^(embed\.norm|layer\d+\.(attn|mlp)\.norm)\b/, 'rmsnorm'],
  [/^layer\d+\.mlp\.(pre|post|out)\b/, 'mlp'],
  [/^layer\d+\.resid_(mid|post)\b/, 'residual'],
  [/^embed(\.token|\.position)?(\[|$)/, 'embedding'],
  [/^logits\b/, 'logits'],
];

/** Where a number came from: the topic that works it out, for the place inside the model that has this address. */
export function addressOf(text: string): string | undefined {
  const weight = /^(wte|wpe|lm_head|layer\d+\.\w+)\[\d+,\d+\]$/.test(text);
  const topic = weight ? 'backprop' : topics.find(([pattern]) => pattern.test(text))?.[1];
  const query = new URLSearchParams({ text: lab.state.text, pos: String(lab.state.position), [weight ? 'weight' : 'at']: text });
  return topic && `#/view/explain/${topic}?${query}`;
}

/** The end of what the parenthesis at `open` encloses. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; ++i) {
    if (text[i] === '(') ++depth;
    else if (text[i] === ')' && --depth === 0) return i;
  }
  return text.length;
}

export function mathematics(text: string): Words {
  const parts: Words = [];
  let rest = text.replace(/\(-(\d[\d.e-]*)\)/g, `(${minus}$1)`).replace(/(?<![\w)\]])-(?=\d)/g, minus).replace(/ - /g, ` ${minus} `).replace(/ \* /g, ' · ').replace(/>=/g, '≥').replace(/<=/g, '≤').replace(/\bsqrt\(/g, '√(');
  const rules: [RegExp, (m: RegExpExecArray) => Words | string][] = [
    [/^sum_([a-z])\b ?/, ([, index]) => [html`Σ<sub>${index}</sub> `]],
    [/^([A-Za-z]+)_([a-z0-9]|\d+)((?:,(?:[a-z0-9]|\d+))*)(?![\w])/, ([, name, first, more]) => [name!, html`<sub>${first}${more}</sub>`]],
    [/^[A-Za-z]\w*/, ([name]) => name!],
  ];
  while (rest) {
    if (rest[0] === '^') {
      const grouped = rest[1] === '(';
      const end = grouped ? closing(rest, 1) : 1 + (/^[−\w.]+(?:,[a-z0-9])*/.exec(rest.slice(1))?.[0].length ?? 1);
      parts.push(html`<sup>${mathematics(rest.slice(grouped ? 2 : 1, end))}</sup>`);
      rest = rest.slice(grouped ? end + 1 : end);
      continue;
    }
    const hit = rules.map(([pattern, make]) => ({ match: pattern.exec(rest), make })).find((r) => r.match);
    const found = hit ? hit.make(hit.match!) : rest[0]!;
    parts.push(...(typeof found === 'string' ? [found] : found));
    rest = rest.slice(hit ? hit.match![0].length : 1);
  }
  return parts;
}
