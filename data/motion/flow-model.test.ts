import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  colourFlow,
  constantFlow,
  FRAMES,
  flowGraph,
} from '../../backends/onnx/testing/flow-graph.js';
import {
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
} from '../../formats/onnx/onnx_pb.js';
import { LacunaError } from '../../spec/errors.js';
import { FlowModel } from './flow-model.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-flow-model-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let made = 0;
async function written(bytes: Uint8Array): Promise<string> {
  made += 1;
  const path = join(folder, `${made}.onnx`);
  await writeFile(path, bytes);
  return path;
}

/** What opening says: a sentence for people. */
async function refusal(path: string, digest?: string): Promise<string> {
  const file = { path, ...(digest === undefined ? {} : { digest }) };
  const error: unknown = await FlowModel.open(file, 64).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LacunaError);
  return error instanceof Error ? error.message : '';
}

describe('FlowModel', () => {
  it('takes the last output that is a flow, and the digest of its file', async () => {
    const bytes = constantFlow(1.5, -2);
    const model = await FlowModel.open({ path: await written(bytes) }, 64);
    expect(model.digest).toBe(createHash('sha256').update(bytes).digest('hex'));
    const flow = await model.flow(new Float32Array(3 * 128 ** 2), new Float32Array(3 * 128 ** 2));
    expect(flow.length).toBe(2 * 128 ** 2);
    expect(new Set(flow.subarray(0, 128 ** 2))).toEqual(new Set([1.5]));
    expect(new Set(flow.subarray(128 ** 2))).toEqual(new Set([-2]));
    await model.release();
  });

  it('passes over outputs of another shape, wherever they stand', async () => {
    const bytes = flowGraph((graph) => {
      const coarse = graph.literal('f32', [1, 2, 1, 1], [3, 4]);
      const full = graph.node('Expand', [coarse, graph.integers([1, 2, 128, 128])]);
      return [
        { value: full, shape: [1, 2, 128, 128] },
        { value: coarse, shape: [1, 2, 1, 1] },
      ];
    });
    const model = await FlowModel.open({ path: await written(bytes) }, 64);
    const grey = new Float32Array(3 * 128 ** 2);
    expect((await model.flow(grey, grey)).length).toBe(2 * 128 ** 2);
    await model.release();
  });

  it.each([
    [64, 128],
    [128, 128],
    [129, 136],
    [224, 224],
  ])('asks where sizes are open, for clips of %i, with frames of %i', async (side, expected) => {
    const path = await written(colourFlow({ open: true }));
    const model = await FlowModel.open({ path }, side);
    expect([model.height, model.width]).toEqual([expected, expected]);
    await model.release();
  });

  it('asks with the sizes that the graph fixes', async () => {
    const inputs = [0, 1].map(() => [1, 3, 48, 80]);
    const model = await FlowModel.open({ path: await written(colourFlow({ inputs })) }, 224);
    expect([model.height, model.width]).toEqual([48, 80]);
    await model.release();
  });

  it('refuses a file that is missing, damaged, or another one', async () => {
    expect(await refusal(join(folder, 'nowhere.onnx'))).toMatch(
      /nowhere\.onnx: the model of optical flow cannot be read; got ENOENT, expected an ONNX file/,
    );
    expect(await refusal(folder)).toMatch(/not a plain file/);
    const whole = constantFlow(1, 1);
    for (const bytes of [Buffer.alloc(0), Buffer.from('no model'), whole.subarray(0, -40)]) {
      expect(await refusal(await written(bytes))).toMatch(/ONNX Runtime does not take this file/);
    }
    const other = createHash('sha256').update('another').digest('hex');
    expect(await refusal(await written(whole), other)).toMatch(
      /has changed since this run began; got digest .{12}, expected .{12}\. Restore it/,
    );
  });

  const pass = (value: string, shape: readonly number[]) => () => [{ value, shape }];
  it.each([
    ['one input', flowGraph(pass('image1', FRAMES), { inputs: [FRAMES] }), /1 inputs: float32/],
    [
      'three inputs',
      flowGraph(pass('image1', FRAMES), { inputs: [FRAMES, FRAMES, FRAMES] }),
      /got 3 inputs/,
    ],
    [
      'inputs of rank 3',
      flowGraph(pass('image1', [3, 128, 128]), {
        inputs: [
          [3, 128, 128],
          [3, 128, 128],
        ],
      }),
      /got 2 inputs: float32 \[3, 128, 128\] and .* expected two inputs float32 \[1, 3, H, W\]/,
    ],
    [
      'inputs of one channel',
      flowGraph(pass('image1', [1, 1, 128, 128]), {
        inputs: [
          [1, 1, 128, 128],
          [1, 1, 128, 128],
        ],
      }),
      /float32 \[1, 1, 128, 128\]/,
    ],
    [
      'inputs of two sizes',
      flowGraph(pass('image1', FRAMES), { inputs: [FRAMES, [1, 3, 64, 64]] }),
      /\[1, 3, 128, 128\] and float32 \[1, 3, 64, 64\]/,
    ],
    [
      'inputs of another type',
      flowGraph((graph) => [{ value: graph.node('Cast', ['image1'], { to: 1 }), shape: FRAMES }], {
        dtype: 'f64',
      }),
      /float64 \[1, 3, 128, 128\]/,
    ],
    [
      'inputs that are too large',
      flowGraph(pass('image1', [1, 3, 4096, 128]), {
        inputs: [
          [1, 3, 4096, 128],
          [1, 3, 4096, 128],
        ],
      }),
      /got 4096 x 128, expected sides of at most 2048/,
    ],
    [
      'an output of three channels',
      flowGraph(pass('image1', FRAMES)),
      /no output .* got float32 \[1, 3, 128, 128\], expected float32 \[1, 2, 128, 128\]/,
    ],
  ])('refuses %s', async (_, bytes, sentence) => {
    expect(await refusal(await written(bytes))).toMatch(sentence);
  });

  it('refuses weights in another file, which no digest would cover', async () => {
    const model = fromBinary(ModelProtoSchema, constantFlow(1, 1));
    const tensor = model.graph?.initializer.find(({ dims }) => dims.length === 4);
    if (tensor === undefined) throw new Error('the graph has no such tensor');
    tensor.rawData = new Uint8Array();
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    const entries = { location: 'lacuna-flow-weights.bin', offset: '0', length: '8' };
    tensor.externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
    await writeFile(join(folder, entries.location), Buffer.alloc(8));
    const path = await written(toBinary(ModelProtoSchema, model));
    expect(await refusal(path)).toMatch(/does not take this file; got External data.*in one file/);
  });
});
