// One weight, chosen by tensor, row and column: what the stops about gradients and Adam share.
import { html, type TemplateResult } from 'lit';
import { base, changeOf, lab, setChange, setParam } from '../lab';

/** The tensors of a model and their shapes, as microgpt.py has them. */
export function tensors(): { name: string; rows: number; columns: number }[] {
  const model = base();
  if (!model) return [];
  const { n_layer, n_embd, block_size } = model.config.model;
  const v = model.vocabulary.length;
  const layer = (l: number) =>
    [['attn_wq', n_embd, n_embd], ['attn_wk', n_embd, n_embd], ['attn_wv', n_embd, n_embd], ['attn_wo', n_embd, n_embd], ['mlp_fc1', 4 * n_embd, n_embd], ['mlp_fc2', n_embd, 4 * n_embd]].map(
      ([name, rows, columns]) => ({ name: `layer${l}.${name}`, rows: Number(rows), columns: Number(columns) }),
    );
  return [
    { name: 'wte', rows: v, columns: n_embd }, { name: 'wpe', rows: block_size, columns: n_embd },
    ...Array.from({ length: n_layer }, (_, l) => layer(l)).flat(),
    { name: 'lm_head', rows: v, columns: n_embd },
  ];
}

export interface Weight {
  tensor: string;
  row: number;
  column: number;
}
export const written = (w: Weight) => `${w.tensor}[${w.row},${w.column}]`;

export function chosenWeight(): Weight {
  const all = tensors();
  const given = /^([\w.]+)\[(\d+),(\d+)\]$/.exec(lab.state.params.weight ?? '');
  const tensor = all.find((t) => t.name === given?.[1]) ?? all.find((t) => t.name === 'layer0.attn_wq') ?? all[0];
  if (!tensor) return { tensor: 'wte', row: 0, column: 0 };
  return {
    tensor: tensor.name,
    row: Math.min(Number(given?.[2] ?? 0), tensor.rows - 1),
    column: Math.min(Number(given?.[3] ?? 0), tensor.columns - 1),
  };
}

export const setWeight = (w: Weight) => setParam('weight', written(w));

export function weightChoice(): TemplateResult {
  const weight = chosenWeight();
  const all = tensors();
  const shape = all.find((t) => t.name === weight.tensor);
  const index = (name: string, value: number, most: number, set: (v: number) => void) => html`<label class="row small"><span class="soft">${name}</span>
    <input class="field" type="number" min="0" max=${most} .value=${String(value)} @change=${(e: Event) => set(Math.max(0, Math.min(most, Math.floor(Number((e.target as HTMLInputElement).value) || 0))))}></label>`;
  const random = () => {
    const tensor = all[Math.floor(Math.random() * all.length)]!;
    setWeight({ tensor: tensor.name, row: Math.floor(Math.random() * tensor.rows), column: Math.floor(Math.random() * tensor.columns) });
  };
  return html`<div class="row wide"><label class="row small"><span class="soft">weight of</span><select @change=${(e: Event) => setWeight({ tensor: (e.target as HTMLSelectElement).value, row: 0, column: 0 })}>
      ${all.map((t) => html`<option .selected=${t.name === weight.tensor}>${t.name}</option>`)}</select></label>
    ${index('row', weight.row, (shape?.rows ?? 1) - 1, (row) => setWeight({ ...weight, row }))}
    ${index('column', weight.column, (shape?.columns ?? 1) - 1, (column) => setWeight({ ...weight, column }))}
    <button class="button" @click=${random}>any other</button>
    <label class="row small"><span class="soft">set it to</span><input class="field" inputmode="decimal" placeholder="as trained" .value=${changeOf(written(weight))?.split('=')[1] ?? ''}
      @change=${(e: Event) => { const value = (e.target as HTMLInputElement).value.trim().replace('−', '-'); setChange(written(weight), value === '' || !Number.isFinite(Number(value)) ? undefined : `${written(weight)}=${Number(value)}`); }}></label></div>`;
}
