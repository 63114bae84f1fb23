// A browser for the tests: Debian's Chromium, opened on the built page from disk, without a network.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '../../..');
/** LAB_PAGE: the page that is tested. */
export const built = process.env.LAB_PAGE ?? join(root, 'src/web/page/dist/lab.html');

/** The page with a run in it, as `microgpt report` writes it: a bare checkpoint of the repository and a text. */
export function pageWithModel(file = 'names.safetensors', textFile) {
  const files = [{ path: `/models/${file}`, base64: readFileSync(join(root, 'data/models', file)).toString('base64') }];
  if (textFile) files.push({ path: `/models/${textFile.replace(/.*\//, '')}`, text: readFileSync(join(root, textFile), 'utf8') });
  const run = JSON.stringify({ name: file.replace(/\..*/, ''), files, open: files[0].path }).replaceAll('<', '\\u003c');
  const html = readFileSync(built, 'utf8').replace(
    /(<script type="application\/json" id="run">)[^<]*/, (_, tag) => tag + run);
  const path = join(mkdtempSync(join(tmpdir(), 'lab-')), 'lab.html');
  writeFileSync(path, html);
  return pathToFileURL(path).href;
}

export function launch() {
  const executablePath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}

/** A page of that size, which notes every fault and every request that leaves the page. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 900 }, offline: true, acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (line) => line.type() === 'error' && faults.push(line.text()));
  page.on('request', (request) => /^(file|blob|data):/.test(request.url()) || faults.push(`request: ${request.url()}`));
  await page.goto(url);
  return { page, faults, context };
}

/** Goes to a view and waits until it says something. */
export async function visit(page, hash) {
  await page.evaluate((to) => (location.hash = to), hash);
  await page.waitForFunction(() => !/One moment|is starting/.test(document.querySelector('main').textContent), undefined, { timeout: 30000 });
  await page.waitForTimeout(150);
}
