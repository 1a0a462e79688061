import type { Tokenizer } from '../../data/index.js';
import { TensorProto_DataType } from '../../formats/onnx/onnx_pb.js';
import type { OnnxFile } from '../../formats/onnx/onnx-file.js';
import { LacunaError } from '../../spec/errors.js';
import { type LazySession, lazySession } from './lazy-session.js';
import { encodeSubgraph } from './onnx-subgraph.js';
import type { TowerFacts } from './tower-config.js';
import { checkValue, disagreement, sizesOf, type TowerGraph, towerGraph } from './tower-graph.js';
import { type Fed, type SessionOptions, TowerSession } from './tower-session.js';
import { unitRows } from './unit-rows.js';

const IDS = 'input_ids';
const MASK = 'attention_mask';
const CAPTIONS_A_RUN = 32;
const { FLOAT, INT32, INT64 } = TensorProto_DataType;

/** The text side of a tower. Its session is made on first use. */
export class TextTower {
  readonly #path: string;
  readonly #facts: TowerFacts;
  readonly #tokenizer: Tokenizer;
  /** Fills up captions: the end token for CLIP, what the tokenizer names for SigLIP. */
  readonly #padId: number;
  readonly #captionsARun: number;
  readonly #inputs: readonly { readonly name: string; readonly wide: boolean }[];
  readonly #output: string;
  readonly #session: LazySession<TowerSession>;

  /** @throws LacunaError if the file holds no text tower, or one of other sizes. */
  constructor(
    file: OnnxFile,
    facts: TowerFacts,
    tokenizer: Tokenizer,
    padId: number,
    options: SessionOptions,
  ) {
    const { part, inputs, output } = checkedGraph(file, facts);
    const fixed = inputs.some((input) => sizesOf(input)?.[0] !== undefined);
    this.#path = file.path;
    this.#facts = facts;
    this.#tokenizer = tokenizer;
    this.#padId = padId;
    this.#captionsARun = fixed ? 1 : CAPTIONS_A_RUN;
    this.#inputs = inputs.map((input) => ({
      name: input.name,
      wide: input.type?.value.case === 'tensorType' && input.type.value.value.elemType === INT64,
    }));
    this.#output = output.name;
    const make = async (again: OnnxFile): Promise<TowerSession> =>
      TowerSession.create(again.path, await encodeSubgraph(again, part, inputs, [output]), options);
    this.#session = lazySession(file, make, (session) => session.release());
  }

  /** As `Aligner.embedTexts`. */
  async embed(captions: readonly string[]): Promise<Float32Array> {
    const { width } = this.#facts;
    const tokens = captions.map((caption) => this.#encoded(caption));
    const embeddings = new Float32Array(captions.length * width);
    if (captions.length === 0) return embeddings;
    const session = await this.#session.get();
    for (let start = 0; start < tokens.length; start += this.#captionsARun) {
      const some = tokens.slice(start, start + this.#captionsARun);
      const [found] = await session.run(this.#feeds(some), [this.#output]);
      const dims = [some.length, width];
      if (found === undefined || String(found.dims) !== String(dims)) {
        const where = `${this.#path}, ${this.#output}`;
        throw disagreement(where, `[${found?.dims ?? ''}]`, `[${dims}]`);
      }
      unitRows(this.#path, found.data, width, embeddings, start * width);
    }
    return embeddings;
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }

  #encoded(caption: string): readonly number[] {
    const { textLength, vocabSize, kind } = this.#facts;
    // SigLIP was trained on lower-cased captions; not every tokenizer.json of it says so.
    const ids = this.#tokenizer.encode(kind === 'siglip' ? caption.toLowerCase() : caption);
    if (ids.length > textLength) {
      throw new LacunaError({
        where: `"${caption.length > 60 ? `${caption.slice(0, 60)}...` : caption}"`,
        what: 'the caption is longer than the text tower takes',
        got: `${ids.length} tokens`,
        expected: `at most ${textLength}, begin and end included`,
        fix: 'Shorten the caption, or caption the video anew.',
      });
    }
    const strange = ids.find((id) => id >= vocabSize);
    if (strange === undefined) return ids;
    throw new LacunaError({
      where: 'tokenizer.json',
      what: 'the tokenizer gives a token that the text tower does not have',
      got: `token ${strange}`,
      expected: `below ${vocabSize}`,
      fix: 'Fetch tokenizer.json and the ONNX files from the same repository.',
    });
  }

  /** All captions at the tower's full length, so that none depends on its neighbours. */
  #feeds(tokens: readonly (readonly number[])[]): Record<string, Fed> {
    const { textLength, kind } = this.#facts;
    const dims = [tokens.length, textLength];
    const ids = new Int32Array(tokens.length * textLength).fill(this.#padId);
    // SigLIP was trained to attend to its padding.
    const mask = new Int32Array(ids.length).fill(kind === 'siglip' ? 1 : 0);
    for (const [row, of] of tokens.entries()) {
      ids.set(of, row * textLength);
      mask.fill(1, row * textLength, row * textLength + of.length);
    }
    const fed = this.#inputs.map(({ name, wide }) => {
      const values = name === MASK ? mask : ids;
      const data = wide ? BigInt64Array.from(values, BigInt) : values;
      return [name, { data, dims }] as const;
    });
    return Object.fromEntries(fed);
  }
}

function checkedGraph(file: OnnxFile, facts: TowerFacts): TowerGraph {
  const { width, textLength, vocabSize, kind } = facts;
  const outputs = kind === 'clip' ? ['text_embeds'] : ['text_embeds', 'pooler_output'];
  const tower = towerGraph(file, outputs, [IDS, MASK]);
  for (const input of tower.inputs) {
    checkValue(file, input, [INT64, INT32], [undefined, textLength]);
    const batch = sizesOf(input)?.[0] ?? 1;
    if (batch === 1) continue;
    throw new LacunaError({
      where: `${file.path}, ${input.name}`,
      what: 'the tower takes a fixed number of captions',
      got: String(batch),
      expected: '1, or any',
    });
  }
  checkValue(file, tower.output, [FLOAT], [undefined, width]);
  const ids = new Set([IDS]);
  for (const { opType, input, output } of tower.part.nodes) {
    const same = opType === 'Reshape' || opType === 'Cast' || opType === 'Identity';
    if (same && ids.has(input[0] ?? '')) ids.add(output[0] ?? '');
  }
  const lookup = tower.part.nodes.find(
    ({ opType, input }) => opType === 'Gather' && ids.has(input[1] ?? ''),
  );
  const table = file.graph.initializer.find(({ name }) => name === lookup?.input[0]);
  if (table !== undefined && Number(table.dims[0]) !== vocabSize) {
    const where = `${file.path}, token embedding`;
    throw disagreement(where, `${table.dims[0]} tokens`, String(vocabSize));
  }
  return tower;
}
