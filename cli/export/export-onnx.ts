import { join } from 'node:path';
import { saveBatchedOnnx } from '../../backends/onnx/index.js';
import type { HostTensor } from '../../core/backend.js';
import { writeTokenizer } from '../../data/index.js';
import {
  type ExportedRun,
  type ExportOptions,
  type ExportRecord,
  modelCard,
  runTold,
  tableTensor,
  writeExport,
} from '../../run/index.js';
import { LacunaError, type Model } from '../../spec/index.js';
import { encodersOf } from './onnx-graphs.js';

/**
 * Writes the encoders of a run, or a fine-tuned classifier, as ONNX files: clips as they are decoded, u8, and token ids
 * in; tokens, features and embeddings, or logits, out.
 *
 * @throws LacunaError where something lies there already.
 */
export async function exportOnnx(
  run: ExportedRun,
  output: string,
  options: ExportOptions,
): Promise<ExportRecord> {
  if (options.model !== undefined) {
    throw new LacunaError({
      where: '--model',
      what: 'ONNX files hold the encoders of the run as they are',
      got: options.model,
      fix: 'Leave --model out, or write --format hf.',
    });
  }
  const { title, files, code, notes, metadata } = encodersOf(run);
  const read = new Set(Object.values(files).flatMap((build) => build(1).state.map(nameOf)));
  const leftOut = run.state.map(nameOf).filter((name) => !read.has(name));
  const told = await runTold(run, 'onnx', Object.keys(files).join(', '), leftOut);
  const card = modelCard(
    {
      title,
      matter: ['library_name: onnx'],
      language: 'python',
      code: code.join('\n'),
      notes: [...notes, 'Opset 20, standard operators, any batch.'],
    },
    told,
    options,
  );
  return writeExport(output, told, card, async (folder) => {
    const texts = { lacuna: options.version, step: String(run.step), ...metadata };
    let done = 0;
    for (const [name, build] of Object.entries(files)) {
      const weights = await weightsOf(run, build(1));
      await saveBatchedOnnx((batch) => build(batch).program, join(folder, name), {
        weights,
        metadata: texts,
      });
      done += 1;
      options.onProgress?.(done, Object.keys(files).length);
    }
    if (run.tokenizer !== undefined) await writeTokenizer(folder, run.tokenizer);
  });
}

/** What a program reads beside its data: the run's state, and tables that are computed. */
async function weightsOf(
  run: ExportedRun,
  { program, state }: Model,
): Promise<Record<string, HostTensor>> {
  const weights: Record<string, HostTensor> = {};
  for (const spec of state) weights[spec.name] = await run.read(spec);
  for (const input of program.inputs) {
    if (input.role === 'constant') weights[input.name] = tableTensor(input);
  }
  return weights;
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}
