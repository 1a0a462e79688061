import { basename, join, resolve } from 'node:path';
import type { Backend, HostTensor, Named } from '../core/backend.js';
import { Sha256 } from '../core/sha256.js';
import { MAX_TOKENIZER_BYTES, type Tokenizer } from '../data/index.js';
import { readOwnFile } from '../formats/own-file.js';
import type { Aligner } from '../run/aligner.js';
import { textFeeds } from '../run/feeds/batch-feeds.js';
import { type LoadedModel, loadModel } from '../run/load-model.js';
import { EMBEDDING_BATCH, embedRows, OpenProgram, type TrainedModel } from '../run/open-program.js';
import { readNamedList } from '../run/run-list.js';
import { capabilitiesOf } from '../run/settings/capabilities.js';
import type { RunSettings } from '../run/settings/config.js';
import { modelConfig, videoConfig } from '../run/settings/settings.js';
import {
  clipTokens,
  gridOf,
  LacunaError,
  type Model,
  type PatchView,
  patchEmbeddingModel,
  textEmbeddingModel,
  videoEmbeddingModel,
} from '../spec/index.js';

/** How a run's model serves as a teacher. */
export interface RunAlignerOptions {
  /** What the embedding of a patch is made of: see `PatchView`. @defaultValue 'patch' */
  readonly view?: PatchView;
  /**
   * Whether the mean of the texts that it learned from is subtracted from each text. Its loss cannot
   * see what all texts share (a softmax over texts is blind to it), so it is left arbitrary, and
   * patches of every kind are like it: without, maps are dominated by it. @defaultValue true
   */
  readonly centred?: boolean;
  readonly onNote?: (text: string) => void;
}

/** Distinct captions, the first of the run's list, whose mean centres the texts. */
const CENTRING_CAPTIONS = 1024;

/**
 * The aligner that a run of Lacuna trained, from its last good checkpoint: an image is a clip whose
 * T frames are all this image, with all tokens visible. Disposing of it disposes of its backend.
 *
 * @throws LacunaError for a run that did not learn to align video with text, or whose list is gone.
 */
export async function openRunAligner(
  folder: string,
  open: (settings: RunSettings) => Promise<Backend>,
  { view = 'patch', centred = true, onNote = () => {} }: RunAlignerOptions = {},
): Promise<Aligner> {
  const model = await loadModel(folder, open, onNote);
  const { settings, tokenizer } = model;
  if (tokenizer === undefined) {
    await model.backend.dispose();
    const { teacher } = settings.contrastive;
    const isFrozen = capabilitiesOf(settings).aligns;
    throw new LacunaError({
      where: folder,
      what: isFrozen
        ? 'this run learned from a frozen teacher and has no text tower, so it can be no teacher'
        : 'this run did not learn to align video with text, so it can be no teacher',
      got: `objective ${settings.objective}${isFrozen ? `, teacher ${teacher}` : ''}`,
      expected:
        'a run with the objective contrastive or mae+contrastive, and a text tower of its own',
    });
  }
  const file = join(folder, 'tokenizer.json');
  const vocabulary = (await readOwnFile(file, MAX_TOKENIZER_BYTES)) ?? Buffer.alloc(0);
  const digest = digestOf(model, vocabulary);
  const name = basename(resolve(folder));
  const plain = new RunAligner(name, { model, tokenizer, digest, view });
  if (!centred) return plain;
  try {
    return await plain.centredOn(await learnedCaptions(model, tokenizer, onNote));
  } catch (error) {
    await plain.dispose();
    throw error;
  }
}

/** Captions that the run learned from; the text tower cuts none of them short. */
async function learnedCaptions(
  { settings: { data, text }, manifest }: LoadedModel,
  tokenizer: Tokenizer,
  onNote: (sentence: string) => void,
): Promise<readonly string[]> {
  const { records } = await readNamedList(data, manifest.data.digest, onNote);
  const distinct = new Set<string>();
  for (const { captions } of records) {
    for (const caption of captions) {
      if (distinct.size === CENTRING_CAPTIONS) return [...distinct];
      if (tokenizer.encode(caption).length <= text.length) distinct.add(caption);
    }
  }
  if (distinct.size > 0) return [...distinct];
  throw new LacunaError({
    where: data.list,
    what: 'no caption of the list that this teacher learned from fits its text tower',
    expected: `at most ${text.length} tokens`,
    fix: 'Train the teacher with a larger text.length.',
  });
}

interface RunAlignerParts {
  readonly model: TrainedModel;
  readonly tokenizer: Tokenizer;
  readonly digest: string;
  readonly view: PatchView;
  /** Subtracted from each text before it is normalised. */
  readonly centre?: Float32Array;
}

type Kind = 'image' | 'patch' | 'text';

class RunAligner implements Aligner {
  readonly name: string;
  readonly digest: string;
  readonly width: number;
  readonly size: number;
  readonly patch: number;
  readonly #parts: RunAlignerParts;
  readonly #programs = new Map<Kind, Promise<OpenProgram>>();

  constructor(name: string, parts: RunAlignerParts) {
    const { clip, contrastive } = parts.model.settings;
    this.name = name;
    const digest = new Sha256().update(parts.digest).update(parts.view);
    if (parts.centre !== undefined) digest.update(bytesOf(parts.centre));
    this.digest = digest.hex();
    this.width = contrastive.videoProjection.width;
    this.size = clip.size;
    this.patch = clip.patch;
    this.#parts = parts;
  }

  /** The same aligner with the mean of these captions subtracted from each text; this one is spent. */
  async centredOn(captions: readonly string[]): Promise<RunAligner> {
    const texts = await this.embedTexts(captions);
    const centre = new Float32Array(this.width);
    texts.forEach((value, i) => {
      centre[i % this.width] = (centre[i % this.width] as number) + value / captions.length;
    });
    const aligner = new RunAligner(this.name, { ...this.#parts, centre });
    for (const [kind, program] of this.#programs) aligner.#programs.set(kind, program);
    return aligner;
  }

  async embedImages(images: Uint8Array, count: number): Promise<Float32Array> {
    return this.#embed('image', imagesOf(images, count, this.size), (batch) =>
      this.#clips(batch, 'frame'),
    );
  }

  async embedPatches(images: Uint8Array, count: number): Promise<Float32Array> {
    return this.#embed('patch', imagesOf(images, count, this.size), (batch) =>
      this.#clips(batch, this.#parts.view),
    );
  }

  async embedTexts(captions: readonly string[]): Promise<Float32Array> {
    const { model, tokenizer, centre } = this.#parts;
    const { length } = model.settings.text;
    for (const caption of captions) {
      const tokens = tokenizer.encode(caption).length;
      if (tokens <= length) continue;
      throw new LacunaError({
        where: `caption "${caption.slice(0, 60)}${caption.length > 60 ? '...' : ''}"`,
        what: `this caption is longer than the text tower of ${this.name} takes`,
        got: `${tokens} tokens`,
        expected: `at most ${length}`,
        fix: 'Shorten it, or train the teacher with a larger text.length.',
      });
    }
    const texts = await this.#embed('text', captions, (batch) =>
      textFeeds(tokenizer, batch, length),
    );
    return centre === undefined ? texts : centredTexts(texts, centre);
  }

  async dispose(): Promise<void> {
    for (const program of this.#programs.values()) await (await program).dispose();
    this.#programs.clear();
    await this.#parts.model.backend.dispose();
  }

  async #embed<T>(
    kind: Kind,
    items: readonly T[],
    feeds: (batch: readonly T[]) => Named<HostTensor>,
  ): Promise<Float32Array> {
    let opened = this.#programs.get(kind);
    if (opened === undefined) {
      opened = OpenProgram.open(this.#parts.model, this.#program(kind));
      this.#programs.set(kind, opened);
    }
    const program = await opened;
    const rows = await embedRows((fed) => program.run(fed), items, feeds);
    const joined = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
    let start = 0;
    for (const row of rows) {
      joined.set(row, start);
      start += row.length;
    }
    return joined;
  }

  #program(kind: Kind): Model {
    const { settings } = this.#parts.model;
    const config = modelConfig(settings, this.#parts.tokenizer.vocabSize);
    if (kind === 'patch') return patchEmbeddingModel(config, EMBEDDING_BATCH, this.#parts.view);
    const shape = { batch: EMBEDDING_BATCH, visible: clipTokens(videoConfig(settings)) };
    return kind === 'image'
      ? videoEmbeddingModel(config, shape)
      : textEmbeddingModel(config, shape);
  }

  /** Each image as a clip of equal frames, with the tokens that a program sees. */
  #clips(images: readonly Uint8Array[], view: PatchView): Named<HostTensor> {
    const { settings } = this.#parts.model;
    const { frames, size } = settings.clip;
    const video = videoConfig(settings);
    const data = new Uint8Array(images.length * frames * size * size * 3);
    images.forEach((image, index) => {
      for (let t = 0; t < frames; t++) data.set(image, (index * frames + t) * image.length);
    });
    const count = clipTokens(video);
    const { slots } = gridOf(video);
    const places = count / slots;
    const visible = Int32Array.from({ length: images.length * count }, (_, index) => {
      const n = index % count;
      return view === 'frame' ? n : (n % slots) * places + Math.floor(n / slots);
    });
    const shape = view === 'frame' ? [images.length, count] : [images.length * places, slots];
    return {
      frames: { dtype: 'u8', shape: [images.length, frames, size, size, 3], data },
      visible: { dtype: 'i32', shape, data: visible },
    };
  }
}

/** Rows minus the centre, of length 1 again; a row that is the centre stays zero. */
function centredTexts(texts: Float32Array, centre: Float32Array): Float32Array {
  const width = centre.length;
  const rows = texts.map((value, i) => value - (centre[i % width] as number));
  for (let start = 0; start < rows.length; start += width) {
    const row = rows.subarray(start, start + width);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (length > 0)
      row.forEach((value, i) => {
        row[i] = value / length;
      });
  }
  return rows;
}

function imagesOf(images: Uint8Array, count: number, size: number): readonly Uint8Array[] {
  const bytes = size * size * 3;
  if (images.length !== count * bytes) {
    throw new LacunaError({
      what: 'the images do not have the size that the teacher takes',
      got: `${images.length} bytes for ${count} images`,
      expected: `${count} x ${size} x ${size} x 3`,
    });
  }
  return Array.from({ length: count }, (_, i) => images.subarray(i * bytes, (i + 1) * bytes));
}

/** Over the settings that the programs are built from, the vocabulary and every tensor. */
function digestOf({ settings, state }: TrainedModel, vocabulary: Uint8Array): string {
  const digest = new Sha256();
  const { clip, encoder, text, contrastive } = settings;
  const { frames, size, tubelet, patch } = clip;
  digest.update(JSON.stringify({ frames, size, tubelet, patch, encoder, text, contrastive }));
  digest.update(vocabulary);
  for (const name of Object.keys(state).sort()) {
    const { dtype, shape, data } = state[name] as HostTensor;
    digest.update(`${name} ${dtype} [${shape}]`);
    digest.update(bytesOf(data));
  }
  return digest.hex();
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
