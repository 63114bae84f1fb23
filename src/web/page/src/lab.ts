// The state that every view shares: which model at which moment, the text and the chosen position, what is switched off;
// and the address of the view, which holds all of it that a link can restore.
import { Engine, EngineError, type About, type Edit, type Model, type Prediction } from './engine';
import { unquoted } from './page';
import { Store } from './store';

/** A model that was opened or trained, with its moments: one, or the snapshots of a run. */
export interface Subject {
  name: string;
  moments: Model[];
  /** Of a run that was opened, with its losses. */
  folder?: string;
}

export interface LabState {
  about?: About;
  /** Why the engine could not start. */
  failure?: string;
  stop: string;
  /** What the address says after the question mark and is nobody else's: options of a view, a chosen head. */
  params: Record<string, string>;
  shelf: Subject[];
  subject: number;
  moment: number;
  text: string;
  position: number;
  /** What is changed: a part that is off, "ADDRESS"; a weight, "WEIGHT=0.25"; a part as another model has it, "ADDRESS<1:500",
   * by the place of that model on the shelf and its step. */
  off: string[];
  /** The model with what is off taken away; without anything off the model itself. */
  model?: Model;
  prediction?: Prediction;
  /** The same with nothing off. */
  whole?: Prediction;
  textProblem?: string;
  heldOut?: number;
  heldOutWhole?: number;
  /** Of what text: val, or all of it where nothing was held out. */
  split?: string;
  /** One line about the last thing that went wrong, until it is closed. */
  problem?: string;
  theme: '' | 'light' | 'dark';
}

export const engine = new Engine();
export const lab = new Store<LabState>({
  stop: '',
  params: {},
  shelf: [],
  subject: 0,
  moment: 0,
  text: 'emma',
  position: 3,
  off: [],
  theme: '',
});

export const moments = () => lab.state.shelf[lab.state.subject]?.moments ?? [];
/** The model as it was trained, with nothing off. */
export const base = (): Model | undefined => moments()[lab.state.moment];
export const last = () => Math.max(0, (lab.state.prediction?.labels.length ?? 1) - 1);

export const message = (problem: unknown) => (problem instanceof Error ? problem.message : String(problem));
export const report = (problem: unknown) => lab.set({ problem: message(problem) });

// --- what follows from model, text and switches ---

const heldOutCharacters = 3000;
const heldOutOf = new Map<number, { loss: number; split: string }>();
let asked = 0;
let edited: Model | undefined;
let editedOf = '';

/** A change as the engine takes it; undefined where it names a model that is not here. */
function asEdit(change: string): Edit | undefined {
  const weight = /^(.+\[\d+,\d+\])=(.+)$/.exec(change);
  if (weight) return { weight: weight[1]!, to: Number(weight[2]) };
  const patch = /^(.+)<(\d+):(\d+)$/.exec(change);
  if (!patch) return { off: change };
  const from = lab.state.shelf[Number(patch[2])]?.moments.find((m) => m.step === Number(patch[3]));
  return from && { from: from.model, at: patch[1]! };
}
export const edits = (changes: string[]): Edit[] => changes.flatMap((change) => asEdit(change) ?? []);

async function withoutParts(model: Model, off: string[]): Promise<Model> {
  if (!off.length) return model;
  const key = JSON.stringify([model.model, off]);
  if (edited && key === editedOf) return edited;
  const changed = await engine.edit(model.model, edits(off));
  edited = changed;
  editedOf = key;
  return changed;
}

async function heldOut(model: Model): Promise<{ loss: number; split: string }> {
  const known = heldOutOf.get(model.model);
  if (known !== undefined) return known;
  const { loss, split } = await engine.heldOut(model.model, heldOutCharacters);
  const measured = { loss: Number(loss), split };
  heldOutOf.set(model.model, measured);
  return measured;
}

/** Brings predictions and losses up to date. A later call makes an earlier one give up. */
export async function refresh(): Promise<void> {
  const turn = ++asked;
  const whole = base();
  if (!whole) return;
  try {
    const off = lab.state.off;
    const model = await withoutParts(whole, off).catch((problem) => {
      // A part that this model does not have: another model, or an old link.
      lab.set({ off: [] });
      report(problem);
      return whole;
    });
    if (turn !== asked) return;
    lab.set({ model });
    try {
      const prediction = await engine.predict(model.model, lab.state.text);
      if (turn !== asked) return;
      const bare = model === whole ? prediction : await engine.predict(whole.model, lab.state.text);
      if (turn !== asked) return;
      lab.set({
        prediction,
        whole: bare,
        textProblem: undefined,
        position: Math.min(lab.state.position, prediction.labels.length - 1),
      });
    } catch (problem) {
      if (turn !== asked) return;
      lab.set({ prediction: undefined, whole: undefined, textProblem: message(problem) });
    }
    const now = await heldOut(model);
    if (turn !== asked) return;
    const trained = await heldOut(whole);
    if (turn === asked) lab.set({ heldOut: now.loss, split: now.split, heldOutWhole: trained.loss });
  } catch (problem) {
    // A model whose text is not in the page has no held-out loss.
    if (turn === asked) lab.set({ heldOut: undefined, heldOutWhole: undefined });
    if (!(problem instanceof EngineError)) report(problem);
  }
}

// --- what a visitor does ---

export function setText(text: string): void {
  lab.set({ text });
  void refresh();
  writeAddress();
}

export function setPosition(position: number): void {
  lab.set({ position: Math.max(0, Math.min(position, last())) });
  writeAddress();
}

export function setMoment(moment: number): void {
  if (moment === lab.state.moment) return;
  lab.set({ moment });
  void refresh();
}

export function setSubject(subject: number): void {
  lab.set({ subject, moment: Math.max(0, (lab.state.shelf[subject]?.moments.length ?? 1) - 1), off: [] });
  void refresh();
  writeAddress();
}

/** Whether a model has a token for every character, and room for all of them. */
function reads(model: Model, text: string): boolean {
  const known = new Set(model.vocabulary.map(unquoted));
  const characters = [...text];
  return characters.length < model.config.model.block_size && characters.every((c) => known.has(c));
}

/** Puts a model on the shelf and looks at it; `text` is what it reads if it cannot read the text that is there. */
export function shelve(subject: Subject, text?: string): void {
  const model = subject.moments[0]!;
  if (text !== undefined && !reads(model, lab.state.text)) {
    const beginning = [...text].slice(0, Math.min(12, model.config.model.block_size - 1));
    lab.set({ text: beginning.join(''), position: Math.max(0, beginning.length - 1) });
  }
  lab.set({ shelf: [...lab.state.shelf, subject] });
  setSubject(lab.state.shelf.length - 1);
}

export const isOff = (part: string) => lab.state.off.includes(part);

/** The change of this part or weight, whatever it is. */
const partOf = (change: string) => change.replace(/(=[^=]*|<\d+:\d+)$/, '');
export const changeOf = (part: string) => lab.state.off.find((change) => partOf(change) === part);

/** Sets the change of a part, or with undefined none. */
export function setChange(part: string, change: string | undefined): void {
  const others = lab.state.off.filter((c) => partOf(c) !== part);
  lab.set({ off: change === undefined ? others : [...others, change] });
  void refresh();
  writeAddress();
}

/** Off, or if anything is changed about it, as it was. */
export const toggle = (part: string) => setChange(part, changeOf(part) === undefined ? part : undefined);

export function allOn(): void {
  lab.set({ off: [] });
  void refresh();
  writeAddress();
}

// --- the address ---

export function address(stop: string, params: Record<string, string> = {}): string {
  const { text, position, off } = lab.state;
  const query = new URLSearchParams({ text, pos: String(position), ...params });
  if (off.length) query.set('off', off.join(';'));
  return `#/${stop}?${query}`;
}

let written = '';

/** The view keeps its place among those one can go back to; only its address is made true. */
export function writeAddress(): void {
  const { stop, params } = lab.state;
  if (!stop) return;
  written = address(stop, params);
  if (location.hash !== written) history.replaceState(null, '', written);
}

export function setParam(key: string, value: string | undefined): void {
  const params = { ...lab.state.params };
  if (value === undefined || value === '') delete params[key];
  else params[key] = value;
  lab.set({ params });
  writeAddress();
}

export function readAddress(): void {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const given = Object.fromEntries(new URLSearchParams(query));
  const { text, pos, off, ...params } = given;
  const changed: Partial<LabState> = { stop: decodeURIComponent(path), params };
  if (text !== undefined) changed.text = text;
  if (pos !== undefined && /^\d+$/.test(pos)) changed.position = Number(pos);
  if (query) changed.off = off ? off.split(';') : [];
  lab.set(changed);
  void refresh();
}

export function setTheme(theme: LabState['theme']): void {
  lab.set({ theme });
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

export const dark = () =>
  lab.state.theme ? lab.state.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
