// A run in this page: it trains in short slices, so that views are answered between them, and keeps snapshots at growing
// distances, which become the history of the run.
import { EngineError, type Baselines, type Run, type Summary, type Trained } from './engine';
import { engine, lab, message, moments, refresh, setMoment, shelve } from './lab';
import { Store } from './store';

/** Losses over steps, in at most so many points: when there are more, neighbours become one. */
export class Curve {
  steps: number[] = [];
  losses: number[] = [];
  private width = 1;
  private sum = 0;
  private count = 0;

  constructor(private readonly most = 600) {}

  add(step: number, loss: number): void {
    this.sum += loss;
    if (++this.count < this.width) return;
    this.steps.push(step);
    this.losses.push(this.sum / this.count);
    this.sum = this.count = 0;
    if (this.steps.length <= this.most) return;
    const pairs = Math.floor(this.steps.length / 2);
    this.steps = Array.from({ length: pairs }, (_, i) => this.steps[2 * i + 1]!);
    this.losses = Array.from({ length: pairs }, (_, i) => (this.losses[2 * i]! + this.losses[2 * i + 1]!) / 2);
    this.width *= 2;
  }
}

export interface TrainingState {
  run?: Run;
  /** Known a little after the run has begun. */
  baselines?: Baselines;
  /** The beginning of the text, to look at. */
  opening: string;
  running: boolean;
  starting: boolean;
  slow: boolean;
  step: number;
  curve: Curve;
  heldOut: { step: number; loss: number }[];
  samples: { step: number; texts: { text: string; isNew: boolean | null }[] }[];
  latest?: Trained;
  charactersPerSecond: number;
  summary?: Summary;
  problem?: string;
}

export const training = new Store<TrainingState>({
  opening: '',
  running: false,
  starting: false,
  slow: false,
  step: 0,
  curve: new Curve(),
  heldOut: [],
  samples: [],
  charactersPerSecond: 0,
});

const sliceMilliseconds = 25;
const slowPause = 500;
/** The next snapshot comes after so many times the steps, or so many milliseconds. */
const growth = 1.3;
const snapshotPause = 1500;
const mostMoments = 48;

let nextSnapshot = 0;
let lastSnapshot = 0;
let subject = -1;

const rest = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function snapshot(): Promise<void> {
  const { run, step, samples } = training.state;
  if (!run) return;
  lastSnapshot = performance.now();
  nextSnapshot = Math.max(step + 1, Math.ceil(step * growth));
  const followed = lab.state.subject === subject && lab.state.moment === moments().length - 1;
  const model = await engine.snapshot(run.session);
  if (subject < 0) {
    shelve({ name: run.folder.replace(/.*\//, ''), moments: [model] }, training.state.opening);
    subject = lab.state.shelf.length - 1;
  } else {
    const shelf = [...lab.state.shelf];
    const kept = shelf[subject]!.moments.filter((m) => m.step !== model.step);
    // Too many: every second of the older half goes.
    const dropped = kept.length < mostMoments ? [] : kept.filter((_, i) => i % 2 === 1 && i < kept.length / 2);
    shelf[subject] = { ...shelf[subject]!, moments: [...kept.filter((m) => !dropped.includes(m)), model] };
    lab.set({ shelf });
    for (const old of dropped) void engine.drop(old.model);
    if (followed) {
      lab.set({ moment: shelf[subject]!.moments.length - 1 });
      await refresh();
    }
  }
  const drawn = await engine.sample(model.model, { count: 8, seed: 42, temperature: 0.7 });
  training.set({
    samples: [
      ...samples,
      { step: model.step, texts: drawn.samples.map((s) => ({ text: s.text, isNew: s.new })) },
    ],
  });
}

function record(slice: Trained): void {
  const { curve, heldOut, charactersPerSecond } = training.state;
  slice.losses.forEach((loss, i) => curve.add(slice.first + i, Number(loss)));
  const rate = slice.seconds > 0 ? slice.characters / slice.seconds : 0;
  training.set({
    latest: slice,
    step: slice.step,
    curve,
    heldOut: [...heldOut, ...slice.held_out.map(({ step, loss }) => ({ step, loss: Number(loss) }))],
    charactersPerSecond: charactersPerSecond ? 0.9 * charactersPerSecond + 0.1 * rate : rate,
    summary: slice.summary ?? training.state.summary,
  });
}

async function slice(steps: number, milliseconds: number): Promise<boolean> {
  const { run } = training.state;
  if (!run) return false;
  const done = await engine.train(run.session, steps, milliseconds);
  record(done);
  if (done.done || done.step >= nextSnapshot || performance.now() - lastSnapshot > snapshotPause) {
    await snapshot();
  }
  return !done.done;
}

async function loop(): Promise<void> {
  try {
    for (let more = true; more && training.state.running; ) {
      const { slow } = training.state;
      if (slow) nextSnapshot = training.state.step + 1; // every step can be looked at
      more = slow ? await slice(1, 0) : await slice(Math.max(1, nextSnapshot - training.state.step), sliceMilliseconds);
      if (slow && more) await rest(slowPause);
    }
    if (training.state.run && training.state.latest && !training.state.running) await snapshot();
  } catch (problem) {
    const step = problem instanceof EngineError ? problem.step : undefined;
    training.set({ problem: message(problem), ...(step === undefined ? {} : { step }) });
  }
  training.set({ running: false });
}

function begin(run: Run): void {
  nextSnapshot = 0;
  lastSnapshot = 0;
  subject = -1;
  training.set({
    run,
    baselines: undefined,
    step: 0,
    curve: new Curve(),
    heldOut: [],
    samples: [],
    latest: undefined,
    charactersPerSecond: 0,
    summary: undefined,
    problem: undefined,
  });
  void engine.baselines(run.session).then(
    (baselines) => training.state.run === run && training.set({ baselines }),
    () => undefined, // the run was closed meanwhile
  );
}

async function launch(text: string, options: { config?: unknown; set?: string[]; name: string }): Promise<void> {
  const old = training.state.run;
  const run = await engine.start(text, options);
  if (old) await engine.close(old.session);
  begin(run);
  training.set({ opening: text.trim().split('\n')[0]!, starting: false });
  await snapshot();
  goOn();
}

/** Begins a run of this text with the program's own choice; `set` are keys of the config as on the command line. */
export async function startTraining(text: string, name: string, wish: { seconds?: number; set?: string[] }): Promise<void> {
  training.set({ starting: true, running: false, problem: undefined });
  try {
    const { config } = await engine.choose(text, wish);
    await launch(text, { config, name });
  } catch (problem) {
    training.set({ starting: false, problem: message(problem) });
  }
}

/** The model that a page without a run opens with: it is trained there and then, in a tenth of a second, and is the same
 * everywhere. */
export const firstModel = (text: string, name: string) =>
  launch(text, {
    name,
    set: [
      'train.steps=200', 'train.batch_size=16', 'train.learning_rate=0.02', 'train.loss=token_mean', 'train.beta1=0.9',
      'train.beta2=0.95', 'train.weight_decay=0.1', 'train.eval_every=20', 'model.init_std=0.05', 'data.held_out=0.1',
    ],
  });

export function goOn(): void {
  if (training.state.running || !training.state.run) return;
  training.set({ running: true, problem: undefined });
  void loop();
}
/** Twice as many steps in all: the run is taken up where it ended. */
export async function more(): Promise<void> {
  const { run } = training.state;
  if (!run) return;
  try {
    await engine.close(run.session);
    training.set({ run: await engine.resume(run.folder, 2 * training.state.step), latest: undefined, summary: undefined });
    goOn();
  } catch (problem) {
    training.set({ problem: message(problem) });
  }
}
export const pause = () => training.set({ running: false });
export const setSlow = (slow: boolean) => training.set({ slow });

export async function oneStep(): Promise<void> {
  try {
    nextSnapshot = training.state.step + 1;
    await slice(1, 0);
    setMoment(moments().length - 1);
  } catch (problem) {
    training.set({ problem: message(problem) });
  }
}

/** The same run from the same first weights. */
export async function again(): Promise<void> {
  const { run } = training.state;
  if (!run) return;
  pause();
  try {
    begin(await engine.restart(run.session));
    await snapshot();
    goOn();
  } catch (problem) {
    training.set({ problem: message(problem) });
  }
}
