import { ONNX } from '../../backends/onnx/index.js';
import { parseConfig, resolveSettings } from '../../run/index.js';
import { pretrain } from '../../training/index.js';

/** A run of one step of a preset on a list of four clips or more, for what commands do with a run. */
export async function oneStepRun(preset: string, list: string, output: string): Promise<void> {
  const config = { preset, batch: 4, schedule: { steps: 1 }, data: { list }, output };
  const backend = await ONNX.open({ threads: 1 });
  try {
    await pretrain(resolveSettings(parseConfig(config)), backend, { version: 'test' });
  } finally {
    await backend.dispose();
  }
}
