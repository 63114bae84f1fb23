// Builds the page: bundles the worker and the page, and puts both, the style sheet and the engine into one file,
// dist/lab.html. LAB_ENGINE is the folder of lab_engine.js and lab_engine.wasm.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'fflate';
import { build } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const engine = process.env.LAB_ENGINE ?? join(here, '../../../build/wasm');

/** One entry as a classic script: a page opened from disk may not load modules. */
async function bundle(entry) {
  const result = await build({
    root: here,
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2021',
      modulePreload: false,
      lib: { entry: join(here, 'src', entry), formats: ['iife'], name: 'lab' },
    },
    define: { 'process.env.NODE_ENV': '"production"' },
    esbuild: { legalComments: 'none' },
  });
  return (Array.isArray(result) ? result[0] : result).output[0].code;
}

/** A file packed by xz as LZMA, a quarter smaller than by gzip. xz leaves the place of the size open; lzma.ts reads it. */
function packed(file) {
  const lzma = execFileSync('xz', ['--format=alone', '--lzma1=preset=9e,lc=3,lp=0,pb=0,dict=4MiB', '--stdout', '--keep', file],
    { maxBuffer: 1 << 26 });
  lzma.writeBigUInt64LE(BigInt(statSync(file).size), 5);
  return lzma;
}

/** Text inside a <script> element ends at the first "</script"; in JavaScript "<\/" says the same. */
const inScript = (code) => code.replace(/<\/(script)/gi, '<\\/$1').replace(/<!--/g, '<\\!--');
const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const licence = (name) => `${name}\n\n${readFileSync(join(here, 'node_modules', name, 'LICENSE'), 'utf8').trim()}\n`;

const page = inScript(await bundle('main.ts'));
const worker = inScript(`${readFileSync(join(engine, 'lab_engine.js'), 'utf8')}\n${await bundle('worker.ts')}`);
const style = [
  readFileSync(join(here, 'node_modules/uplot/dist/uPlot.min.css'), 'utf8'),
  readFileSync(join(here, 'src/style.css'), 'utf8'),
].join('\n');
const wasm = packed(join(engine, 'lab_engine.wasm'));
const licences = ['lit', 'uplot', 'd3-scale', 'd3-shape', 'd3-array', 'd3-path', 'd3-color', 'd3-interpolate',
  'd3-format', 'd3-time', 'd3-time-format', 'internmap'].map(licence).concat(readFileSync(join(here, 'engine-licences.txt'), 'utf8')).join('\n');

const policy = [
  "default-src 'none'",
  `script-src ${hash(page)} 'wasm-unsafe-eval' blob:`,
  'worker-src blob:',
  `style-src ${hash(style)}`,
  'img-src data: blob:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const html = readFileSync(join(here, 'page.html'), 'utf8');
const put = {
  POLICY: policy,
  STYLE: style,
  LICENCES: licences.replace(/--/g, '- -'),
  ENGINE: wasm.toString('base64'),
  WORKER: worker,
  PAGE: page,
};
const out = html.replace(/\{\{([A-Z]+)\}\}/g, (_, key) => put[key]);
mkdirSync(join(here, 'dist'), { recursive: true });
writeFileSync(join(here, 'dist/lab.html'), out);
const kB = (n) => `${(n / 1000).toFixed(0)} kB`;
console.log(`dist/lab.html: ${kB(Buffer.byteLength(out))}, ${kB(gzipSync(Buffer.from(out), { level: 9 }).length)} gzipped`);
