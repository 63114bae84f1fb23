// What the engine can do, by its functions (src/web/engine/lab_engine.hpp says each one's JSON). The engine runs in a
// worker that is started from the text inside the page; every call is a promise, and an error of the program is an
// EngineError with its one line.
import type { Page } from './page';
import type { Argument, Order } from './worker';

export class EngineError extends Error {
  constructor(
    message: string,
    readonly fault = '',
    readonly option = '',
    readonly step: number | undefined = undefined,
  ) {
    super(message);
  }
}

export interface OptionSpec {
  name: string;
  kind: 'flag' | 'whole' | 'number' | 'text' | 'texts';
  about: string;
  value_name: string | null;
  default: string | null;
  low?: number;
  high?: number;
  excludes: string[];
  group: string | null;
  required: boolean;
  is_amount: boolean;
}
export type Kind = 'study' | 'explain';
export interface ViewSpec {
  name: string;
  kind: Kind;
  about: string;
  example: string;
  needs: 'nothing' | 'model' | 'model_or_example';
  options: OptionSpec[];
}
export interface About {
  version: string;
  kernels: string;
  specs: ViewSpec[];
}

export interface Config {
  seed: number;
  data: { path: string; mode: 'lines' | 'paragraphs' | 'stream'; held_out: number };
  model: { n_layer: number; n_embd: number; n_head: number; block_size: number };
  train: { steps: number; batch_size: number; learning_rate: number; [key: string]: unknown };
  [key: string]: unknown;
}
export interface Model {
  model: number;
  path: string;
  step: number;
  config: Config;
  n_parameters: number;
  vocabulary: string[];
  held_out_loss: number | null;
  has_moments: boolean;
  warnings: string[];
  text: string | null;
  steps: number[];
}
export interface Run {
  session: number;
  folder: string;
  config: Config;
  vocabulary: string[];
  n_parameters: number;
  steps: number;
  step?: number;
  documents: number;
  characters: number;
  held_out: number;
  notices: string[];
}
export interface Baselines {
  of: 'val' | 'train';
  baselines: { name: string; nats: number }[];
}
export interface Trained {
  step: number;
  first: number;
  losses: number[];
  learning_rate: number;
  grad_norm: number | null;
  characters: number;
  seconds: number;
  held_out: { step: number; loss: number; is_best: boolean }[];
  done: boolean;
  memorises: boolean;
  summary: Summary | null;
}
export interface Summary {
  step: number;
  mean_loss: number;
  held_out_loss: number | null;
  stopped_early: boolean;
  says: string | null;
  guessing: number;
  characters_per_second: number;
}
export interface Choice {
  config: Config;
  reasons: string[];
  n_parameters: number;
}
export interface Prediction {
  tokens: number[];
  labels: string[];
  vocabulary: string[];
  probabilities: number[][];
  nll: number[];
  loss: number;
}
export interface Samples {
  seed: number;
  samples: { text: string; probabilities: number[]; end: number | null; new: boolean | null }[];
  fresh: number | null;
}
export type Edit = { off: string } | { weight: string; to: number } | { from: number; at: string };
export type Options = Record<string, string | number | boolean | string[]>;

/** What a page was made from. */
export interface Source {
  model: number;
  kind: Kind;
  name: string;
  options: Options;
}
export const sources = new WeakMap<Page, Source>();

interface Waiting {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** The packed bytes of the engine, which stand in the page as base64. */
function packedEngine(): ArrayBuffer {
  const text = atob(document.getElementById('engine')!.textContent!.trim());
  return Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer;
}

export class Engine {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private next = 1;

  constructor() {
    const code = document.getElementById('worker')!.textContent!;
    this.worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
    this.worker.onmessage = ({ data }) => {
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (!waiting) return;
      if (data.error) waiting.reject(new EngineError(data.error));
      else if (data.result.error) {
        const { error, fault, option, step } = data.result;
        waiting.reject(new EngineError(error, fault, option, step));
      } else waiting.resolve(data.bytes ?? data.result);
    };
  }

  private order(order: { boot: ArrayBuffer } | { name: string; args: Argument[]; bytes?: boolean }): Promise<unknown> {
    const id = this.next++;
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.worker.postMessage({ id, ...order } as Order);
    return answer;
  }
  private call<T>(name: string, ...args: Argument[]): Promise<T> {
    return this.order({ name, args }) as Promise<T>;
  }

  async boot(): Promise<About> {
    await this.order({ boot: packedEngine() });
    return this.call('lab_about');
  }

  write(path: string, bytes: Uint8Array): Promise<{ path: string }> {
    return this.call('lab_write', path, bytes);
  }
  read(path: string): Promise<Uint8Array> {
    return this.order({ name: 'lab_read', args: [path], bytes: true }) as Promise<Uint8Array>;
  }
  files(folder: string): Promise<{ files: { path: string; bytes: number }[] }> {
    return this.call('lab_files', folder);
  }

  choose(text: string, options: { seconds?: number; set?: string[] }): Promise<Choice> {
    return this.call('lab_choose', text, JSON.stringify(options));
  }
  start(text: string, options: { config?: unknown; set?: string[]; name?: string }): Promise<Run> {
    return this.call('lab_start', text, JSON.stringify(options));
  }
  resume(folder: string, steps: number): Promise<Run> {
    return this.call('lab_resume', folder, steps);
  }
  train(session: number, steps: number, milliseconds: number): Promise<Trained> {
    return this.call('lab_train', session, steps, milliseconds);
  }
  baselines(session: number): Promise<Baselines> {
    return this.call('lab_baselines', session);
  }
  evaluate(session: number): Promise<{ held_out: number | null; train: number }> {
    return this.call('lab_evaluate', session);
  }
  restart(session: number): Promise<Run> {
    return this.call('lab_restart', session);
  }
  close(session: number): Promise<object> {
    return this.call('lab_close', session);
  }
  snapshot(session: number): Promise<Model> {
    return this.call('lab_snapshot', session);
  }

  open(path: string, last = false): Promise<Model> {
    return this.call('lab_open', path, last ? 1 : 0);
  }
  edit(model: number, edits: Edit[]): Promise<Model> {
    return this.call('lab_edit', model, JSON.stringify(edits));
  }
  save(model: number): Promise<Uint8Array> {
    return this.order({ name: 'lab_save', args: [model], bytes: true }) as Promise<Uint8Array>;
  }
  drop(model: number): Promise<object> {
    return this.call('lab_drop', model);
  }

  async page(model: number, kind: Kind, name: string, options: Options): Promise<Page> {
    const page = await this.call<Page>('lab_page', model, kind, name, JSON.stringify(options));
    sources.set(page, { model, kind, name, options });
    return page;
  }
  /** The figures or a table of a page, drawn by the program. */
  export(source: Source, format: 'svg' | 'csv' | 'text', section: string): Promise<{ text: string }> {
    const { model, kind, name, options } = source;
    return this.call('lab_export', model, kind, name, JSON.stringify(options), format, section);
  }
  predict(model: number, text: string): Promise<Prediction> {
    return this.call('lab_predict', model, text);
  }
  sample(model: number, options: Record<string, unknown>): Promise<Samples> {
    return this.call('lab_sample', model, JSON.stringify(options));
  }
  heldOut(model: number, characters: number): Promise<{ loss: number; characters: number; split: string }> {
    return this.call('lab_held_out', model, characters);
  }
  bench(setting: string, rounds: number): Promise<Page & { settings?: string[] }> {
    return this.call('lab_bench', setting, rounds);
  }
}
