// The two pictures of the README, from the built page: node pictures.js FOLDER
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { built, launch, open, visit } from './browser.js';

const [folder = 'docs/images'] = process.argv.slice(2);
const browser = await launch();
const { page } = await open(browser, pathToFileURL(built).href, { viewport: { width: 1366, height: 860 }, colorScheme: 'light' });
await page.waitForFunction(() => lab.training.state.latest?.done && !lab.training.state.running, undefined, { timeout: 60000 });
for (const [stop, name] of [['train', 'lab-train'], ['ledger', 'lab-ledger']]) {
  await visit(page, `#/${stop}?text=emma&pos=3`);
  await page.waitForTimeout(500);
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
await browser.close();
