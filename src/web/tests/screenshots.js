// Pictures of every stop, narrow and wide, in light and dark: node screenshots.js FOLDER [STOP ...]
import { mkdirSync } from 'node:fs';
import { launch, open, pageWithModel, visit } from './browser.js';

const [folder = 'shots', ...wanted] = process.argv.slice(2);
const text = '?text=emma&pos=3';
mkdirSync(folder, { recursive: true });
const browser = await launch();
const url = pageWithModel('names.safetensors', process.env.NO_TEXT ? undefined : 'data/names.txt');
for (const [width, height] of [[1366, 900], [375, 780]]) {
  for (const colorScheme of ['light', 'dark']) {
    const { page, faults } = await open(browser, url, { viewport: { width, height }, colorScheme });
    await page.waitForFunction(() => document.querySelector('.token'), undefined, { timeout: 30000 });
    const stops = await page.evaluate(() => [...document.querySelectorAll('.tour a')].map((a) => a.hash.replace(/^#\/|\?.*/g, '')));
    for (const stop of wanted.length ? wanted : stops.filter((s) => !s.startsWith('view/'))) {
      await visit(page, `#/${stop}${stop.includes('?') ? '' : text}`);
      if (stop === 'train') {
        await page.getByRole('button', { name: 'Start training' }).click();
        await page.waitForFunction(() => lab.training.state.latest?.done && !lab.training.state.running, undefined, { timeout: 60000 }).catch(() => {});
      }
      const name = (stop.split('?')[0] || 'tour').replaceAll('/', '-');
      // As tall as its content: what stays at the bottom of the window would otherwise lie across the picture.
      const tall = await page.evaluate(() => document.documentElement.scrollHeight);
      await page.setViewportSize({ width, height: Math.max(height, tall) });
      await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png` });
      await page.setViewportSize({ width, height });
    }
    if (faults.length) console.log(`${width} ${colorScheme}:\n  ${[...new Set(faults)].join('\n  ')}`);
    await page.close();
  }
}
await browser.close();
