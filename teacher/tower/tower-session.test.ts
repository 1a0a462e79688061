import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  AttributeProto_AttributeType,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
} from '../../formats/onnx/onnx_pb.js';
import { TowerSession } from './tower-session.js';

const FLOAT = TensorProto_DataType.FLOAT;
const OPSETS = [{ version: 17n }, { domain: 'own', version: 1n }];

let folder = '';
let before = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-tower-session-'));
  await writeFile(join(folder, 'secret'), Buffer.from(Float32Array.of(4, 2).buffer));
  before = process.cwd();
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(before);
  await rm(folder, { recursive: true });
});

/** A field of a message: `functions`, and what is in them, are no part of the messages that are read. */
function field(number: number, bytes: Uint8Array): Buffer {
  expect(bytes.length).toBeLessThan(2 ** 14);
  const [low, high] = [(bytes.length & 127) | 128, bytes.length >> 7];
  const key = (number << 3) | 2;
  const tag = key < 128 ? [key] : [(key & 127) | 128, key >> 7];
  return Buffer.concat([Buffer.from([...tag, low, high]), bytes]);
}

/** A graph whose one node is a function, whose one constant lies in the file `secret`. */
function modelOfFunction(external: boolean): Uint8Array {
  const data = external
    ? {
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: [{ key: 'location', value: 'secret' }],
      }
    : { rawData: new Uint8Array(Float32Array.of(4, 2).buffer) };
  const constant = create(NodeProtoSchema, {
    opType: 'Constant',
    output: ['w'],
    attribute: [
      {
        name: 'value',
        type: AttributeProto_AttributeType.TENSOR,
        t: { dims: [2n], dataType: FLOAT, ...data },
      },
    ],
  });
  const made = Buffer.concat([
    field(1, Buffer.from('Weights')),
    field(5, Buffer.from('w')),
    field(7, toBinary(NodeProtoSchema, constant)),
    ...OPSETS.map((set) =>
      field(9, toBinary(OperatorSetIdProtoSchema, create(OperatorSetIdProtoSchema, set))),
    ),
    field(10, Buffer.from('own')),
  ]);
  const shape = { dim: [{ value: { case: 'dimValue' as const, value: 2n } }] };
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: OPSETS,
    graph: {
      name: 'graph',
      node: [{ opType: 'Weights', domain: 'own', output: ['w'] }],
      output: [
        { name: 'w', type: { value: { case: 'tensorType', value: { elemType: FLOAT, shape } } } },
      ],
    },
  });
  return Buffer.concat([toBinary(ModelProtoSchema, model), field(25, made)]);
}

it('runs a function inside a model', async () => {
  const session = await TowerSession.create('model.onnx', modelOfFunction(false), {});
  const [found] = await session.run({}, ['w']);
  expect([...(found?.data ?? [])]).toEqual([4, 2]);
  await session.release();
});

it('opens no file that a function inside a model names', async () => {
  const opened = TowerSession.create('model.onnx', modelOfFunction(true), {});
  await expect(opened).rejects.toThrow(/^model\.onnx: ONNX Runtime does not take this file; got /);
});
