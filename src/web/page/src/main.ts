// The page: the frame is drawn at once, then the engine starts, and what the page carries is opened.
import './frame/app';
import { engine, lab, message, readAddress, refresh, report } from './lab';
import { openCarried } from './files';
import { texts } from './texts';
import { firstModel, training } from './training';

async function begin(): Promise<void> {
  readAddress();
  addEventListener('hashchange', readAddress);
  try {
    lab.set({ about: await engine.boot() });
  } catch (problem) {
    lab.set({ failure: message(problem) });
    return;
  }
  try {
    const { off, position } = lab.state;
    if (!(await openCarried())) await firstModel(texts[0]!.text, texts[0]!.name);
    lab.set({ off, position });
    await refresh();
  } catch (problem) {
    report(problem);
  }
}

void begin();

/** For the console, and for tests: `lab.engine.page(...)`. */
export { engine, lab as store, training };
