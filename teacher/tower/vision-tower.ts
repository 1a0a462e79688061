import { TensorProto_DataType } from '../../backends/onnx/model/onnx_pb.js';
import { LacunaError } from '../../spec/errors.js';
import { classTokenCut, type DenseCut, poolingHeadCut } from './dense-cut.js';
import { type LazySession, lazySession } from './lazy-session.js';
import type { OnnxFile } from './onnx-file.js';
import { encodeSubgraph, subgraph } from './onnx-subgraph.js';
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
    this.#levels = levels(facts);
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
    const { width } = this.#facts;
    this.#checkImages(images, count);
    const embeddings = new Float32Array(count * width);
    if (count === 0) return embeddings;
    const { tower, output } = await this.#sessions.get();
    for (const [start, end] of this.#runs(count)) {
      const feeds = { [IMAGE]: this.#prepared(images, start, end) };
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
      const feeds = { [IMAGE]: this.#prepared(images, start, end) };
      const [tokens] = await tower.run(feeds, [cut.rows]);
      const rows = end - start;
      const pooled = this.#pooledRows(tokens, rows, patches, cut.rows);
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

  /** Each patch as a pooled row: tokens without the class token, or values with heads last. */
  #pooledRows(found: Fetched | undefined, count: number, patches: number, name: string): Fed {
    const { hidden, kind } = this.#facts;
    if (kind === 'clip') {
      const tokens = this.#checked(found, [count, 1 + patches, hidden], name);
      const data = new Float32Array(count * patches * hidden);
      for (let i = 0; i < count; i++) {
        const from = (i * (1 + patches) + 1) * hidden;
        data.set(tokens.subarray(from, from + patches * hidden), i * patches * hidden);
      }
      return { data, dims: [count * patches, hidden] };
    }
    const dims = found?.dims ?? [];
    const headWidth = dims.at(-1) ?? 1;
    const heads = hidden / headWidth;
    const flat = dims.length === 3;
    const values = this.#checked(
      found,
      flat ? [count * heads, patches, headWidth] : [count, heads, patches, headWidth],
      name,
    );
    const data = new Float32Array(values.length);
    for (let row = 0; row < count * heads * patches; row++) {
      const image = Math.floor(row / (heads * patches));
      const head = Math.floor(row / patches) % heads;
      const to = (image * patches + (row % patches)) * heads + head;
      data.set(values.subarray(row * headWidth, (row + 1) * headWidth), to * headWidth);
    }
    const places = count * patches;
    return { data, dims: flat ? [places * heads, 1, headWidth] : [places, heads, 1, headWidth] };
  }

  *#runs(count: number): Generator<readonly [number, number]> {
    for (let start = 0; start < count; start += this.#imagesARun) {
      yield [start, Math.min(count, start + this.#imagesARun)];
    }
  }

  /** Images [start, end) as float32 [n, 3, size, size]: (level * scale - mean) / std. */
  #prepared(images: Uint8Array, start: number, end: number): Fed {
    const { size } = this.#facts;
    const area = size * size;
    const data = new Float32Array((end - start) * 3 * area);
    for (let image = start; image < end; image++) {
      for (let c = 0; c < 3; c++) {
        const to = ((image - start) * 3 + c) * area;
        for (let i = 0; i < area; i++) {
          const level = images[(image * area + i) * 3 + c] as number;
          data[to + i] = this.#levels[c * 256 + level] as number;
        }
      }
    }
    return { data, dims: [end - start, 3, size, size] };
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

/** The tower's input by channel and level. */
function levels({ scale, mean, std }: TowerFacts): Float32Array {
  const table = new Float32Array(3 * 256);
  for (let c = 0; c < 3; c++) {
    for (let level = 0; level < 256; level++) {
      table[c * 256 + level] = (level * scale - (mean[c] ?? 0)) / (std[c] ?? 1);
    }
  }
  return table;
}
