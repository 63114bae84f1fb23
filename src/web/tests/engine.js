// The engine in Node, without a browser, and the program that it is compared with.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
/** LAB_ENGINE: the folder of lab_engine.js and lab_engine.wasm. */
const folder = process.env.LAB_ENGINE ?? join(root, 'build/wasm');
/** MICROGPT: the program. */
const program = process.env.MICROGPT ?? ['release', 'u', 'dev'].map((name) => join(root, 'build', name, 'microgpt')).find(existsSync);

/** What the program prints. It runs in the root of the repository, or in `cwd`. */
export function microgpt(args, { cwd = root, env = {} } = {}) {
  return execFileSync(program, args, {
    cwd, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...env },
  });
}

/** A fresh engine. (Emscripten 3.1.6 takes a Node that has fetch for a browser, so it is hidden while it starts.) */
export async function startEngine() {
  const { fetch } = globalThis;
  delete globalThis.fetch;
  const start = createRequire(import.meta.url)(join(folder, 'lab_engine.js'));
  const module = await start({ wasmBinary: readFileSync(join(folder, 'lab_engine.wasm')) });
  globalThis.fetch = fetch;

  const put = (bytes) => {
    const at = module._lab_allocate(bytes.length + 1);
    module.HEAPU8.set(bytes, at);
    module.HEAPU8[at + bytes.length] = 0;
    return at;
  };
  const callText = (name, args) => {
    const lent = [];
    const given = args.flatMap((arg) => {
      if (typeof arg === 'number') return [arg];
      const bytes = typeof arg === 'string' ? Buffer.from(arg) : arg;
      lent.push(put(bytes));
      return typeof arg === 'string' ? lent.slice(-1) : [lent.at(-1), bytes.length];
    });
    const answer = module.UTF8ToString(module[`_lab_${name}`](...given));
    for (const at of lent) module._lab_free(at);
    return answer;
  };
  /** lab_NAME, whose options may be objects. Throws what the engine says is wrong. */
  const call = (name, ...args) => {
    const plain = args.map((arg) =>
      typeof arg === 'object' && !(arg instanceof Uint8Array) ? JSON.stringify(arg) : arg);
    const answer = JSON.parse(callText(name, plain));
    if (answer.error) throw new Error(answer.error);
    return answer;
  };
  const bytes = (name, ...args) => {
    const { at, bytes: size } = call(name, ...args);
    return Buffer.from(module.HEAPU8.slice(at, at + size));
  };
  return { call, bytes };
}

/** The first difference of two JSON values, where numbers may be `tolerance` apart of themselves or of 1; or nothing.
 * Numbers within texts may differ in their last digit. */
export function difference(a, b, tolerance, path = '') {
  if (typeof a === 'number' && typeof b === 'number') {
    return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a)) ? undefined : `${path}: ${a} and ${b}`;
  }
  if (typeof a === 'string' && typeof b === 'string') return a === b || alike(a, b) ? undefined : `${path}: '${a}' and '${b}'`;
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return `${path}: ${a.length} and ${b.length} entries`;
  if (a && b && typeof a === 'object' && typeof b === 'object') {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (!(key in a) || !(key in b)) return `${path}.${key} is on one side alone`;
      const found = difference(a[key], b[key], tolerance, `${path}.${key}`);
      if (found) return found;
    }
    return undefined;
  }
  return a === b ? undefined : `${path}: ${JSON.stringify(a)} and ${JSON.stringify(b)}`;
}

function alike(a, b) {
  const number = /-?\d+(?:\.(\d+))?(?:e[-+]?\d+)?/g;
  if (a.replace(number, '#') !== b.replace(number, '#')) return false;
  const [of, other] = [[...a.matchAll(number)], [...b.matchAll(number)]];
  return of.every((match, i) => Math.abs(match[0] - other[i][0]) <= 1.01 * 10 ** -(match[1] ?? '').length);
}
