// The worker owns the engine. It is told {id, name, args} and answers {id, result} or {id, error}: `name` is a function
// of lab_engine.hpp, strings and bytes among the arguments are put into the engine's memory for the call.
import { unpackLzma } from './lzma';

interface Module {
  HEAPU8: Uint8Array;
  _lab_allocate(size: number): number;
  _lab_free(at: number): void;
  [name: string]: unknown;
}
declare function labEngine(options: { wasmBinary: ArrayBuffer }): Promise<Module>;

export type Argument = number | string | Uint8Array;
export type Order =
  | { id: number; boot: ArrayBuffer }
  | { id: number; name: string; args: Argument[]; bytes?: boolean };

const decoder = new TextDecoder();
const encoder = new TextEncoder();
let engine: Module | undefined;

function textAt(module: Module, at: number): string {
  const end = module.HEAPU8.indexOf(0, at);
  return decoder.decode(module.HEAPU8.subarray(at, end));
}

/** Bytes are passed as a pointer and a size, a string as a pointer to its bytes and a closing 0. */
function call(module: Module, name: string, args: Argument[]): string {
  const given: number[] = [];
  const lent: number[] = [];
  const put = (bytes: Uint8Array) => {
    const at = module._lab_allocate(bytes.length + 1);
    module.HEAPU8.set(bytes, at);
    module.HEAPU8[at + bytes.length] = 0;
    lent.push(at);
    return at;
  };
  try {
    for (const arg of args) {
      if (typeof arg === 'number') given.push(arg);
      else if (typeof arg === 'string') given.push(put(encoder.encode(arg)));
      else given.push(put(arg), arg.length);
    }
    const run = module[`_${name}`] as (...numbers: number[]) => number;
    return textAt(module, run(...given));
  } finally {
    for (const at of lent) module._lab_free(at);
  }
}

self.onmessage = async ({ data }: MessageEvent<Order>) => {
  const answer = (message: object, transfer: Transferable[] = []) =>
    (self as unknown as Worker).postMessage({ id: data.id, ...message }, transfer);
  try {
    if ('boot' in data) {
      engine = await labEngine({ wasmBinary: unpackLzma(new Uint8Array(data.boot)).buffer as ArrayBuffer });
      return answer({ result: {} });
    }
    if (!engine) throw new Error('the engine has not started');
    const result = JSON.parse(call(engine, data.name, data.args));
    if (!data.bytes || result.error) return answer({ result });
    const bytes = engine.HEAPU8.slice(result.at, result.at + result.bytes);
    return answer({ result, bytes }, [bytes.buffer]);
  } catch (problem) {
    // What breaks the engine itself leaves its memory in no known state.
    const stopped = problem instanceof WebAssembly.RuntimeError ? 'the engine has stopped; load the page again: ' : '';
    return answer({ error: stopped + (problem instanceof Error ? problem.message : String(problem)) });
  }
};
