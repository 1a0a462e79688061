import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../core/sha256.js';
import { refusalOf } from '../../core/testing/refusal.js';
import { type GraphProtoSchema, ModelProtoSchema, TensorProto_DataLocation } from './onnx_pb.js';
import { readOnnxFile } from './onnx-file.js';

type Graph = MessageInitShape<typeof GraphProtoSchema>;
type Tensor = NonNullable<Graph['initializer']>[number];

let folder = '';
let path = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-onnx-file-'));
  path = join(folder, 'model.onnx');
});
afterAll(() => rm(folder, { recursive: true }));

const write = (graph: Graph): Promise<void> =>
  writeFile(path, toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph })));

const outside = (location: string): Tensor => ({
  dataLocation: TensorProto_DataLocation.EXTERNAL,
  externalData: [{ key: 'location', value: location }],
});
const nested = (depth: number): Graph =>
  depth === 0 ? { node: [{}] } : { node: [{ attribute: [{ g: nested(depth - 1) }] }] };

const UNUSABLE = 'this is not an ONNX file that can be used; got';
const AGAIN =
  'It may have been cut off, or be a pointer of Git LFS in place of the file: fetch it again.';

describe('an ONNX file', () => {
  it('has the digest of every file that holds its tensors', async () => {
    await write({ node: [{}], initializer: [outside('b'), outside('a'), outside('b')] });
    await expect(readOnnxFile(path)).rejects.toThrow(/a: the file cannot be read; got ENOENT/);
    for (const name of ['a', 'b']) await writeFile(join(folder, name), name);
    const { digests } = await readOnnxFile(path);
    expect([...digests.keys()]).toEqual([path, join(folder, 'a'), join(folder, 'b')]);
    expect(digests.get(join(folder, 'a'))).toBe(sha256('a'));
  });

  it.each<[sentence: string, graph: Graph]>([
    [`${UNUSABLE} a file without a graph. ${AGAIN}`, { node: [] }],
    [`${UNUSABLE} graphs nested too deeply. ${AGAIN}`, nested(9)],
    [
      `${UNUSABLE} external data inside a node. ${AGAIN}`,
      { node: [{ attribute: [{ t: outside('a') }] }] },
    ],
    [
      `${UNUSABLE} over 1000000 nodes and tensors. ${AGAIN}`,
      { node: Array.from({ length: 1_000_001 }, () => ({})) },
    ],
    ...['', '..', '../a', '/a', 'C:a'].map((location): [string, Graph] => [
      `the file says that a tensor lies outside its folder; got "${location}", expected the name of a file beside it, as in "model.onnx_data".`,
      { node: [{}], initializer: [outside(location)] },
    ]),
  ])('is refused: %s', async (sentence, graph) => {
    await write(graph);
    expect(await refusalOf(readOnnxFile(path))).toBe(`${path}: ${sentence}`);
  });

  it('is refused where it is a pointer in place of the file', async () => {
    await writeFile(path, 'version https://git-lfs.github.com/spec/v1');
    const sentence = await refusalOf(readOnnxFile(path));
    expect(sentence).toContain(`${path}: ${UNUSABLE}`);
    expect(sentence).toContain(AGAIN);
  });

  it('is refused where it is larger than any can be', async () => {
    const large = join(folder, 'large.onnx');
    await writeFile(large, '');
    // A hole: it takes no room.
    await truncate(large, 2 ** 31);
    expect(await refusalOf(readOnnxFile(large))).toBe(
      `${large}: an ONNX file is too large; got 2147483648 bytes, expected at most 2147483647, with the rest as external data.`,
    );
    await rm(large);
  });

  it('is refused where there is none', async () => {
    const none = join(folder, 'none.onnx');
    expect(await refusalOf(readOnnxFile(none))).toBe(
      `${none}: the file cannot be read; got ENOENT.`,
    );
    expect(await refusalOf(readOnnxFile(folder))).toBe(`${folder}: this is not a plain file.`);
  });
});
