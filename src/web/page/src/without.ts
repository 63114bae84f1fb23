// What the model would say with some parts taken away, beside what is switched off anyway.
import { base, engine, lab } from './lab';
import type { Prediction } from './engine';

export async function without(parts: string[]): Promise<Prediction> {
  const { model } = await engine.edit(base()!.model, parts.map((off) => ({ off })));
  try {
    return await engine.predict(model, lab.state.text);
  } finally {
    void engine.drop(model);
  }
}
