import { TensorProto_DataType } from '../../formats/onnx/onnx_pb.js';
import type { OnnxFile } from '../../formats/onnx/onnx-file.js';
import { LacunaError } from '../../spec/errors.js';
import { classTokenCut, type DenseCut, poolingHeadCut } from './dense-cut.js';
import { type LazySession, lazySession } from './lazy-session.js';
import { levelTable, normalisedImages } from './normalised-images.js';
import { encodeSubgraph, subgraph } from './onnx-subgraph.js';
import { pooledRows } from './pooled-rows.js';
import type { TowerFacts } from './tower-config.js';
import {
  anyFloats,
  checkValue,
  disagreement,
  sizesOf,
  type TowerGraph,
  towerGraph,
} from './tower-graph.js';
import { type Fed, type Fetched, type SessionOptions, TowerSession } from './tower-session.js';
import { unitRows } from './unit-rows.js';

const IMAGE = 'pixel_values';
const IMAGES_A_RUN = 16;
const { FLOAT } = TensorProto_DataType;

interface Sessions {
  readonly tower: TowerSession;
  /** The name of the tower's embedding. */
  readonly output: string;
  /** Absent where the tower's pooling is not one that is known. */
  readonly dense?: { readonly cut: DenseCut; readonly rest: TowerSession };
}

/** The image side of a tower. Its sessions are made on first use. */
export class VisionTower {
  readonly #path: string;
  readonly #facts: TowerFacts;
  readonly #imagesARun: number;
  readonly #levels: Float32Array;
  readonly #sessions: LazySession<Sessions>;

  /** @throws LacunaError if the file holds no image tower, or one of other sizes. */
  constructor(file: OnnxFile, facts: TowerFacts, options: SessionOptions) {
    const { inputs } = checkedGraph(file, facts);
    const batch = inputs[0] === undefined ? undefined : sizesOf(inputs[0])?.[0];
    this.#path = file.path;
    this.#facts = facts;
    this.#imagesARun = batch === undefined ? IMAGES_A_RUN : 1;
    this.#levels = levelTable(facts);
    this.#sessions = lazySession(
      file,
      (again) => makeSessions(again, facts, options),
      async ({ tower, dense }) => {
        await tower.release();
        await dense?.rest.release();
      },
    );
  }

  /** As `Aligner.embedImages`. */
  async embed(images: Uint8Array, count: number): Promise<Float32Array> {
    const { width, size } = this.#facts;
    this.#checkImages(images, count);
    const embeddings = new Float32Array(count * width);
    if (count === 0) return embeddings;
    const { tower, output } = await this.#sessions.get();
    for (const [start, end] of this.#runs(count)) {
      const feeds = { [IMAGE]: normalisedImages(images, start, end, size, this.#levels) };
      const [found] = await tower.run(feeds, [output]);
      const rows = this.#checked(found, [end - start, width], output);
      unitRows(this.#path, rows, width, embeddings, start * width);
    }
    return embeddings;
  }

  /** As `Aligner.embedPatches`. */
  async embedPatches(images: Uint8Array, count: number): Promise<Float32Array> {
    const { width, size, patch } = this.#facts;
    this.#checkImages(images, count);
    if (size % patch !== 0) throw this.#noPatches(`patches of ${patch} pixels do not tile ${size}`);
    const patches = (size / patch) ** 2;
    const embeddings = new Float32Array(count * patches * width);
    if (count === 0) return embeddings;
    const { tower, output, dense } = await this.#sessions.get();
    if (dense === undefined) throw this.#noPatches('its pooling is not of a known form');
    const { cut, rest } = dense;
    for (const [start, end] of this.#runs(count)) {
      const feeds = { [IMAGE]: normalisedImages(images, start, end, size, this.#levels) };
      const [tokens] = await tower.run(feeds, [cut.rows]);
      const rows = end - start;
      const pooled = pooledRows(tokens, rows, patches, this.#facts);
      if (pooled === undefined) {
        throw disagreement(
          `${this.#path}, ${cut.rows}`,
          `[${tokens?.dims ?? ''}]`,
          `${patches} patches an image`,
        );
      }
      const given: Record<string, Fed> = { [cut.pooled]: pooled };
      if (cut.batch !== undefined) {
        const { hidden } = this.#facts;
        const data = new Float32Array(rows * patches * hidden);
        given[cut.batch] = { data, dims: [rows * patches, 1, hidden] };
      }
      const [found] = await rest.run(given, [output]);
      const projected = this.#checked(found, [rows * patches, width], output);
      unitRows(this.#path, projected, width, embeddings, start * patches * width);
    }
    return embeddings;
  }

  async dispose(): Promise<void> {
    await this.#sessions.dispose();
  }

  *#runs(count: number): Generator<readonly [number, number]> {
    for (let start = 0; start < count; start += this.#imagesARun) {
      yield [start, Math.min(count, start + this.#imagesARun)];
    }
  }

  #checkImages(images: Uint8Array, count: number): void {
    const { size } = this.#facts;
    if (Number.isInteger(count) && count >= 0 && images.length === count * size * size * 3) return;
    throw new LacunaError({
      where: this.#path,
      what: 'the images are not of the size that the tower takes',
      got: `${images.length} bytes for ${count} images`,
      expected: `${size * size * 3} an image (${size} x ${size} RGB pixels)`,
    });
  }

  #checked(found: Fetched | undefined, dims: readonly number[], name: string): Float32Array {
    if (found !== undefined && String(found.dims) === String(dims)) return found.data;
    throw disagreement(`${this.#path}, ${name}`, `[${found?.dims ?? ''}]`, `[${dims}]`);
  }

  #noPatches(got: string): LacunaError {
    return new LacunaError({
      where: this.#path,
      what: 'this tower gives no embedding a patch in one pass',
      got,
      fix: 'Use the exact form of similarity maps: it embeds each patch as an image.',
    });
  }
}

function checkedGraph(file: OnnxFile, facts: TowerFacts): TowerGraph {
  const { width, size, patch, hidden, kind } = facts;
  const outputs = kind === 'clip' ? ['image_embeds'] : ['image_embeds', 'pooler_output'];
  const tower = towerGraph(file, outputs, [IMAGE]);
  for (const input of tower.inputs) {
    const batch = sizesOf(input)?.[0] === 1 ? 1 : undefined;
    checkValue(file, input, [FLOAT], [batch, 3, size, size]);
    if (batch === undefined && sizesOf(input)?.[0] !== undefined) {
      throw new LacunaError({
        where: `${file.path}, ${IMAGE}`,
        what: 'the tower takes a fixed number of images',
        got: String(sizesOf(input)?.[0]),
        expected: '1, or any',
      });
    }
  }
  checkValue(file, tower.output, [FLOAT], [undefined, width]);
  const embed = tower.part.nodes.find(({ opType }) => opType === 'Conv');
  const weight = file.graph.initializer.find(({ name }) => name === embed?.input[1]);
  if (weight !== undefined && String(weight.dims) !== String([hidden, 3, patch, patch])) {
    const where = `${file.path}, patch embedding`;
    throw disagreement(where, `[${weight.dims}]`, `[${[hidden, 3, patch, patch]}]`);
  }
  return tower;
}

async function makeSessions(
  file: OnnxFile,
  facts: TowerFacts,
  options: SessionOptions,
): Promise<Sessions> {
  const { graph, path } = file;
  const { inputs, output } = checkedGraph(file, facts);
  const findCut = facts.kind === 'clip' ? classTokenCut : poolingHeadCut;
  const cut = findCut(graph, IMAGE, output.name);
  const outputs = [output];
  if (cut !== undefined) outputs.push(anyFloats(cut.rows));
  const wanted = outputs.map(({ name }) => name);
  const part = subgraph(graph, wanted, new Set());
  const bytes = await encodeSubgraph(file, part, inputs, outputs);
  const tower = await TowerSession.create(path, bytes, options);
  if (cut === undefined) return { tower, output: output.name };
  try {
    const restInputs = [...cut.rest.free].map(anyFloats);
    const restBytes = await encodeSubgraph(file, cut.rest, restInputs, [output]);
    const rest = await TowerSession.create(path, restBytes, options);
    return { tower, output: output.name, dense: { cut, rest } };
  } catch (error) {
    await tower.release();
    throw error;
  }
}
