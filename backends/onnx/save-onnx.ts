import { writeFile } from 'node:fs/promises';
import { toBinary } from '@bufbuild/protobuf';
import type { HostTensor, Named } from '../../core/backend.js';
import { withAnyBatch } from '../../formats/onnx/any-batch.js';
import { type ModelProto, ModelProtoSchema } from '../../formats/onnx/onnx_pb.js';
import { writeNewFile } from '../../formats/whole-file.js';
import { LacunaError } from '../../spec/errors.js';
import { formatType, type Program, sameShape } from '../../spec/program/index.js';
import { lower } from './lowering/lower.js';

export interface SaveOnnxOptions {
  /** Values of inputs, by name, to write into the file; the file then has no such inputs. @defaultValue none */
  readonly weights?: Named<HostTensor>;
}

/** A protobuf message ends at 2 GiB. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Writes a program as an ONNX file (opset 21, IR version 10, standard operators only, static
 * shapes). Values keep their names; an output is called by its own name, or, where an input has
 * that, by its value's (the file's metadata then tell it, under `output.<name>`).
 *
 * @throws LacunaError for weights that do not fit their inputs, or of 2 GiB and more.
 */
export async function saveOnnx(
  program: Program,
  path: string,
  options: SaveOnnxOptions = {},
): Promise<void> {
  const { weights = {} } = options;
  checkWeights(program, weights);
  const { graph, outputs } = lower(program, { standardOnly: true, exactShapes: true, weights });
  const renamed = program.outputs.flatMap(({ name }, i) => {
    const graphName = outputs[i]?.name ?? name;
    return graphName === name ? [] : [[`output.${name}`, graphName]];
  });
  await writeFile(path, graph.encode(Object.fromEntries(renamed)));
}

/** Sizes of a batch that a graph is written for twice; numbers that other extents seldom are. */
const BATCHES = [
  [11, 13],
  [17, 19],
  [23, 29],
] as const;

/**
 * Writes what `build` makes as an ONNX file (opset 20, IR version 9, standard operators only) whose
 * first axis has any extent: the axis called `batch` of every input that is no weight, and of every
 * output.
 *
 * @param build The program for a batch of so many.
 * @throws LacunaError for a program that is not the same computation whatever the batch.
 */
export async function saveBatchedOnnx(
  build: (batch: number) => Program,
  path: string,
  { weights = {}, metadata = {} }: BatchedOnnxOptions = {},
): Promise<void> {
  for (const batches of BATCHES) {
    const models = batches.map((batch) => {
      const program = build(batch);
      checkWeights(program, weights);
      return lower(program, { standardOnly: true, exactShapes: true, weights }).graph.model(
        metadata,
      );
    });
    const model = withAnyBatch(models as [ModelProto, ModelProto], batches);
    if (model === undefined) continue;
    await writeNewFile(path, toBinary(ModelProtoSchema, model));
    return;
  }
  throw new LacunaError({
    where: build(1).name,
    what: 'this program is not the same computation for every batch',
  });
}

export interface BatchedOnnxOptions extends SaveOnnxOptions {
  /** Names and texts to add to the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

function checkWeights(program: Program, weights: Named<HostTensor>): void {
  let bytes = 0;
  for (const [name, weight] of Object.entries(weights)) {
    const input = program.inputs.find((each) => each.name === name);
    if (input?.dtype !== weight.dtype || !sameShape(input.shape, weight.shape)) {
      throw new LacunaError({
        where: `${program.name}: ${name}`,
        what: 'a weight does not fit its input',
        got: formatType(weight),
        expected: input === undefined ? 'the name of an input' : formatType(input),
      });
    }
    bytes += weight.data.byteLength;
  }
  if (bytes > MAX_BYTES) {
    throw new LacunaError({
      where: program.name,
      what: 'the weights are too large for one ONNX file',
      got: `${bytes} bytes`,
      expected: `at most ${MAX_BYTES}`,
      fix: 'Leave some as inputs.',
    });
  }
}
