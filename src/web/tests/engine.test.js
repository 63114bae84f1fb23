// The engine as WebAssembly against the program: the same pages, the same training, the same files.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { difference, microgpt, root, startEngine } from './engine.js';

const scratch = mkdtempSync(join(tmpdir(), 'lab-engine-'));
const models = ['data/models/names.safetensors', 'data/models/induction.safetensors'];
const data = { names: 'data/names.txt', induction: 'data/models/repeats.txt' };

/** What every view and topic is asked, besides the model: one list of options or several. `text` and `data` are the model's. */
const asked = {
  study: {
    attention: ({ text }) => [{ '--text': text }, { '--text': text, '--scores': true, '--head': 0 }],
    lens: ({ text }) => [{ '--text': text }],
    residual: ({ text }) => [{ '--text': text }],
    ledger: ({ text }) => [{ '--text': text, '--top': 0 }, { '--text': text, '--position': 1, '--target': 'a', '--contrast': 'b' }],
    heads: ({ data }) => [{ '--data': data, '--limit': 100 }],
    neurons: ({ text, data }) => [{ '--text': text }, { '--data': data, '--limit': 100 }],
    embeddings: () => [{}, { '--positions': true }],
    circuits: ({ text }) => [{ '--text': text }, { '--ov': true }],
    ablate: ({ data }) => [{ '--data': data, '--limit': 100 }, { '--data': data, '--limit': 50, '--mean': true, '--at': ['embed.position'] }],
    patch: ({ text }) => [{ '--clean': text, '--corrupt': `b${text.slice(1)}`, '--target': 'BOS', '--contrast': 'e' }],
    gradients: ({ text }) => [{ '--text': text }],
    trace: ({ text }) => [{ '--text': text }, { '--text': text, '--gradient': true }],
    diff: ({ model, text }) => [{ A: model, B: model, '--text': text }],
    history: ({ run, data }) => [{ RUN: run, '--data': data, '--limit': 50 }],
  },
  explain: {
    softmax: ({ text }) => [{ NUMBER: ['2.0', '1.0', '0.1'] }, { '--text': text }],
    tokens: ({ text }) => [{ '--text': text }],
    embedding: ({ text }) => [{ '--text': text }],
    rmsnorm: ({ text }) => [{ '--text': text }],
    linear: ({ text }) => [{ '--text': text }],
    attention: ({ text }) => [{ '--text': text }],
    heads: ({ text }) => [{ '--text': text }],
    residual: ({ text }) => [{ '--text': text }],
    mlp: ({ text }) => [{ '--text': text }],
    logits: ({ text }) => [{ '--text': text }],
    loss: ({ text }) => [{ '--text': text }],
    backprop: ({ text }) => [{ '--text': text }],
    adam: ({ text }) => [{ '--text': text, '--weight': 'layer0.attn_wq[3,5]' }],
    sampling: ({ text }) => [{ '--text': text, '--temperature': '0.8' }],
  },
};

/** The same as words of a command line. */
function wordsOf(options) {
  return Object.entries(options).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((one) =>
      one === true ? [name] : name.startsWith('--') ? [name, String(one)] : [String(one)]));
}

async function engineWithFiles() {
  const engine = await startEngine();
  for (const path of [...models, ...Object.values(data)]) engine.call('write', path, readFileSync(join(root, path)));
  return engine;
}

const putFolder = (engine, from, to) => {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) putFolder(engine, join(from, entry.name), `${to}/${entry.name}`);
    else engine.call('write', `${to}/${entry.name}`, readFileSync(join(from, entry.name)));
  }
};

for (const path of models) {
  const name = path.match(/(\w+)\.safetensors/)[1];
  test(`every view and topic of ${name}: the JSON of the program to 1e-9`, async (t) => {
    const engine = await engineWithFiles();
    const { specs } = engine.call('about');
    assert.equal(specs.length, Object.values(asked).flatMap(Object.keys).length);
    const { model } = engine.call('open', path, 0);
    const run = join(scratch, `run-${name}`);
    microgpt(['train', '--config', 'configs/microgpt.json', '--set', `data.path=${data[name]}`, '--set', 'train.steps=60', '--set',
      'train.checkpoint_every=20', '--out', run]);
    putFolder(engine, run, run);
    for (const { kind, name: view, needs } of specs) {
      for (const options of asked[kind][view]({ text: name === 'names' ? 'emma' : 'abcab', data: data[name], model: path, run })) {
        await t.test([kind, view, ...wordsOf(options)].join(' '), () => {
          const withModel = needs !== 'nothing' && !options.NUMBER;
          const words = [kind, view, ...(withModel ? ['--model', path] : []), ...wordsOf(options), '--json'];
          const expected = JSON.parse(microgpt(words));
          const { warnings, ...page } = engine.call('page', withModel ? model : 0, kind, view, options);
          assert.equal(difference(page, expected, 1e-9), undefined);
        });
      }
    }
    await t.test('samples', () => {
      const { fresh, ...samples } = engine.call('sample', model, { count: 20, seed: 7, temperature: 0.8 });
      for (const sample of samples.samples) delete sample.new;
      const expected = JSON.parse(microgpt(['sample', path, '-n', '20', '--seed', '7', '--temperature', '0.8', '--json']));
      assert.equal(difference(samples, expected, 1e-5), undefined);
    });
  });
}

/** 100 steps in the engine, and by the program with its loops for SSE2, which fuse no products either. */
async function trained(precision) {
  const settings = [`train.precision=${precision}`, 'train.steps=100', 'train.batch_size=4', 'model.n_layer=2', 'data.held_out=0.1'];
  const out = join(scratch, `trained-${precision}`);
  microgpt(['train', '--config', 'configs/microgpt.json', ...settings.flatMap((one) => ['--set', one]), '--set', 'data.path=data/names.txt',
    '--out', out], { env: { MICROGPT_CPU: 'baseline' } });
  const lines = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const engine = await engineWithFiles();
  const config = JSON.parse(readFileSync(join(root, 'configs/microgpt.json'), 'utf8'));
  const { session, folder } = engine.call('start', readFileSync(join(root, 'data/names.txt'), 'utf8'), { config, set: settings, name: precision });
  const losses = [];
  for (let done = false; !done;) {
    const told = engine.call('train', session, 7, 1e9);
    losses.push(...told.losses);
    done = told.done;
  }
  return { engine, session, folder, out, losses, expected: lines.filter((line) => 'loss' in line).map((line) => line.loss) };
}

test('100 steps in single precision agree with the program to 1e-4', async (t) => {
  const { losses, expected } = await trained('float32');
  assert.equal(difference(losses, expected, 1e-4), undefined);
  t.diagnostic(`largest difference: ${Math.max(...losses.map((loss, i) => Math.abs(loss - expected[i])))}`);
});

test('100 steps in double precision agree with the program to 1e-9', async (t) => {
  const { losses, expected } = await trained('float64');
  assert.equal(difference(losses, expected, 1e-9), undefined);
  t.diagnostic(`largest difference: ${Math.max(...losses.map((loss, i) => Math.abs(loss - expected[i])))}`);
});

test('a checkpoint goes from the program to the engine and back, and the other way, without a changed bit', async () => {
  const engine = await engineWithFiles();
  for (const path of models) {
    const { model } = engine.call('open', path, 0);
    assert.ok(engine.bytes('save', model).equals(readFileSync(join(root, path))), path);
  }
  const { session } = engine.call('start', readFileSync(join(root, 'data/names.txt'), 'utf8'), { set: ['train.steps=20'] });
  engine.call('train', session, 20, 1e9);
  const { model } = engine.call('snapshot', session);
  const bytes = engine.bytes('save', model);
  const file = join(scratch, 'from-the-page.safetensors');
  writeFileSync(file, bytes);
  assert.equal(JSON.parse(microgpt(['info', file, '--json'])).facts.step.value, 20);
  // The program loads it, goes on for no step more than it has, and what it holds is what the engine holds.
  const again = await startEngine();
  again.call('write', 'back.safetensors', readFileSync(file));
  assert.ok(again.bytes('save', again.call('open', 'back.safetensors', 0).model).equals(bytes));
});

test('a run that the engine began goes on in the program', async () => {
  const engine = await engineWithFiles();
  const { session, folder } = engine.call('start', readFileSync(join(root, 'data/names.txt'), 'utf8'), { set: ['train.steps=30'], name: 'go-on' });
  engine.call('train', session, 10, 1e9);
  engine.call('snapshot', session);
  engine.call('close', session);
  const out = join(scratch, 'go-on');
  for (const { path } of engine.call('files', folder).files) {
    const file = join(out, path.slice(path.indexOf('go-on-1') + 'go-on-1/'.length));
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, engine.bytes('read', path));
  }
  microgpt(['train', '--resume', out, '--quiet']);
  assert.equal(JSON.parse(microgpt(['info', out, '--json'])).facts.step.value, 30);
});
