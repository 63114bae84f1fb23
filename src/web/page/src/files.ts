// What comes in from a disk, from the page itself, and what goes out.
import { engine, report, shelve } from './lab';
import type { Model } from './engine';

/** The data that `microgpt lab` and `microgpt report` put into the page. */
interface Carried {
  name: string;
  open: string;
  files: { path: string; base64?: string; text?: string }[];
}

/** A file with its place in what was dropped. */
export interface Dropped {
  path: string;
  file: File;
}

const encoder = new TextEncoder();
const fromBase64 = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** A checkpoint, or a run folder with all its checkpoints as moments. */
async function openAll(name: string, path: string): Promise<void> {
  const best = await engine.open(path);
  const moments: Model[] = [];
  for (const step of best.steps ?? []) {
    moments.push(await engine.open(`${path}/checkpoints/step-${String(step).padStart(8, '0')}.safetensors`));
  }
  const [sample] = (await engine.sample(best.model, { count: 1, seed: 1, max_chars: 12 })).samples;
  shelve(moments.length ? { name, moments, folder: path } : { name, moments: [best] }, sample?.text);
}

/** Whether there is anything. */
export async function openCarried(): Promise<boolean> {
  const carried = JSON.parse(document.getElementById('run')!.textContent!) as Carried | null;
  if (!carried) return false;
  for (const { path, base64, text } of carried.files) {
    await engine.write(path, base64 === undefined ? encoder.encode(text ?? '') : fromBase64(base64));
  }
  await openAll(carried.name, carried.open);
  return true;
}

const isCheckpoint = (path: string) => path.endsWith('.safetensors');

/** Opens the run folders and checkpoints among the files. What is left are texts, if there was nothing else. */
export async function openFiles(files: Dropped[]): Promise<File[]> {
  const runs = files.flatMap(({ path }) => (/(^|\/)config\.json$/.test(path) ? [path.replace(/\/?config\.json$/, '')] : []));
  const checkpoints = files.filter(({ path }) => isCheckpoint(path) && !runs.some((run) => path.startsWith(run)));
  if (!runs.length && !checkpoints.length) return files.map(({ file }) => file);
  try {
    // All of them: a model's text may be among them, and is looked for beside it.
    for (const { path, file } of files) await engine.write(`/dropped/${path}`, new Uint8Array(await file.arrayBuffer()));
  } catch (problem) {
    report(problem);
  }
  const named = [...runs.map((run) => [run || 'run', run]), ...checkpoints.map(({ path }) => [path.replace(/\.\w+$/, ''), path])];
  for (const [name, path] of named) {
    try {
      await openAll(name!.replace(/.*\//, ''), `/dropped/${path}`);
    } catch (problem) {
      report(problem);
    }
  }
  return [];
}

async function inEntry(entry: FileSystemEntry): Promise<Dropped[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ''), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Dropped[] = [];
  // A reader gives a hundred entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    for (const inner of some) found.push(...(await inEntry(inner)));
  }
}

/** Files and folders that were dropped. The entries must be taken before anything is awaited. */
export async function droppedFiles(data: DataTransfer | null): Promise<Dropped[]> {
  const entries = [...(data?.items ?? [])].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  return (await Promise.all(entries.map(inEntry))).flat();
}

export function save(name: string, content: string | Uint8Array, type: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content as BlobPart], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function pickFiles(): Promise<Dropped[]> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    input.onchange = () => resolve([...(input.files ?? [])].map((file) => ({ path: file.name, file })));
    input.click();
  });
}
