// What comes in from a disk, from the page itself, and what goes out.
import { engine, report, shelve } from './lab';
import type { Model } from './engine';

/** The data that `microgpt lab` and `microgpt report` put into the page. */
interface Carried {
  name: string;
  open: string;
  files: { path: string; base64?: string; text?: string }[];
}

const encoder = new TextEncoder();

function fromBase64(text: string): Uint8Array {
  const raw = atob(text);
  return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}

async function openAll(name: string, path: string): Promise<void> {
  const best = await engine.open(path);
  const moments: Model[] = [];
  for (const step of best.steps ?? []) {
    moments.push(await engine.open(`${path}/checkpoints/step-${String(step).padStart(8, '0')}.safetensors`));
  }
  shelve({ name, moments: moments.length ? moments : [best] });
}

export async function openCarried(): Promise<void> {
  const carried = JSON.parse(document.getElementById('run')!.textContent!) as Carried | null;
  if (!carried) return;
  for (const { path, base64, text } of carried.files) {
    await engine.write(path, base64 === undefined ? encoder.encode(text ?? '') : fromBase64(base64));
  }
  await openAll(carried.name, carried.open);
}

const bytesOf = async (file: File) => new Uint8Array(await file.arrayBuffer());

/** Whether a file is a text to train on; what is neither text nor checkpoint, the engine refuses in its own words. */
export const isCheckpoint = (file: File) => /\.(safetensors|bin|ckpt|npz)$/i.test(file.name);

/** Checkpoints, or the files of a run folder; returns the texts among them. */
export async function openFiles(files: File[]): Promise<File[]> {
  const checkpoints = files.filter(isCheckpoint);
  for (const file of checkpoints) {
    try {
      const path = `/dropped/${file.name}`;
      await engine.write(path, await bytesOf(file));
      shelve({ name: file.name.replace(/\.\w+$/, ''), moments: [await engine.open(path)] });
    } catch (problem) {
      report(problem);
    }
  }
  return files.filter((file) => !isCheckpoint(file));
}

export function save(name: string, content: string | Uint8Array, type: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content as BlobPart], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function pickFiles(): Promise<File[]> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    input.onchange = () => resolve([...(input.files ?? [])]);
    input.click();
  });
}
