// What the model as it was trained would say with some parts changed.
import { base, edits, engine, lab } from './lab';
import type { Prediction } from './engine';

export async function without(parts: string[]): Promise<Prediction> {
  const { model } = await engine.edit(base()!.model, edits(parts));
  try {
    return await engine.predict(model, lab.state.text);
  } finally {
    void engine.drop(model);
  }
}
