import { join } from 'node:path';
import { saveBatchedOnnx } from '../../backends/onnx/index.js';
import type { HostTensor } from '../../core/backend.js';
import { writeTokenizer } from '../../data/index.js';
import {
  capabilitiesOf,
  type ExportedRun,
  type ExportOptions,
  type ExportRecord,
  modelCard,
  modelConfigOf,
  runTold,
  tableTensor,
  writeExport,
} from '../../run/index.js';
import { clipEncoderModel, LacunaError, type Model, textEmbeddingModel } from '../../spec/index.js';

const VIDEO = 'video_encoder.onnx';
const TEXT = 'text_encoder.onnx';

/**
 * Writes the encoders of a run as ONNX files: clips as they are decoded, u8, and token ids in; tokens,
 * features and embeddings out.
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
  const { settings, vocabulary } = run.manifest;
  const { aligns, readsText } = capabilitiesOf(settings);
  const config = modelConfigOf(settings, vocabulary);
  const encoders: Record<string, (batch: number) => Model> = {
    [VIDEO]: (batch) => clipEncoderModel(config, { batch }),
  };
  if (readsText) encoders[TEXT] = (batch) => textEmbeddingModel(config, { batch });
  const read = new Set(Object.values(encoders).flatMap((build) => build(1).state.map(nameOf)));
  const leftOut = run.state.map(nameOf).filter((name) => !read.has(name));
  const told = await runTold(run, 'onnx', Object.keys(encoders).join(', '), leftOut);
  const { clip, text } = settings;
  const shape = `${clip.frames}, ${clip.size}, ${clip.size}, 3`;
  const card = modelCard(
    {
      title: 'Encoders of a run of Lacuna',
      matter: ['library_name: onnx'],
      language: 'python',
      code: [
        'import numpy, onnxruntime',
        `session = onnxruntime.InferenceSession("${VIDEO}")`,
        `frames = numpy.zeros((8, ${shape}), "uint8")  # any number of clips, RGB as decoded`,
        'tokens, features = session.run(["tokens", "features"], {"frames": frames})',
      ].join('\n'),
      notes: [
        `\`${VIDEO}\`: \`frames\` u8 [batch, ${shape}], normalised inside. Out: \`tokens\` of the last layer, \`features\`, their mean${aligns ? ', and `embedding`, of length 1, in the shared space' : ''}.`,
        ...(readsText
          ? [
              `\`${TEXT}\`: \`text.ids\` i32 [batch, ${text.length}] of \`tokenizer.json\`, filled up with id ${run.facts.pad}, and \`text.lengths\` i32 [batch], tokens that are no filling. Out: \`embedding\`.`,
            ]
          : []),
        'Opset 20, standard operators, any batch.',
      ],
    },
    told,
    options,
  );
  return writeExport(output, told, card, async (folder) => {
    const metadata = { lacuna: options.version, step: String(run.step) };
    let done = 0;
    for (const [name, build] of Object.entries(encoders)) {
      const weights = await weightsOf(run, build(1));
      await saveBatchedOnnx((batch) => build(batch).program, join(folder, name), {
        weights,
        metadata,
      });
      done += 1;
      options.onProgress?.(done, Object.keys(encoders).length);
    }
    if (readsText && run.tokenizer !== undefined) await writeTokenizer(folder, run.tokenizer);
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
