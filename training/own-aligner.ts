import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Backend, HostTensor, Named } from '../core/backend.js';
import type { Tokenizer } from '../data/index.js';
import {
  clipTokens,
  LacunaError,
  type Model,
  patchEmbeddingModel,
  textEmbeddingModel,
  videoEmbeddingModel,
} from '../spec/index.js';
import type { Aligner } from '../teacher/index.js';
import { textFeeds } from './batch-feeds.js';
import type { PretrainSettings } from './config.js';
import { loadModel } from './load-model.js';
import { EMBEDDING_BATCH, embedRows, OpenProgram, type TrainedModel } from './run-program.js';
import { modelConfig, videoConfig } from './settings.js';

/**
 * The aligner that a run of Lacuna trained, from its last good checkpoint: an image is a clip whose
 * T frames are all this image, with all tokens visible. Disposing of it disposes of its backend.
 *
 * @throws LacunaError for a run that did not learn to align video with text.
 */
export async function openRunAligner(
  folder: string,
  open: (settings: PretrainSettings) => Promise<Backend>,
  onNote: (text: string) => void = () => {},
): Promise<Aligner> {
  const model = await loadModel(folder, open, onNote);
  const { settings, tokenizer } = model;
  if (tokenizer === undefined) {
    await model.backend.dispose();
    throw new LacunaError({
      where: folder,
      what: 'this run did not learn to align video with text, so it can be no teacher',
      got: `objective ${settings.objective}`,
      expected: 'a run with the objective contrastive or mae+contrastive',
    });
  }
  const vocabulary = await readFile(join(folder, 'tokenizer.json'));
  return new RunAligner(basename(resolve(folder)), model, tokenizer, digestOf(model, vocabulary));
}

type Kind = 'image' | 'patch' | 'text';

class RunAligner implements Aligner {
  readonly name: string;
  readonly digest: string;
  readonly width: number;
  readonly size: number;
  readonly patch: number;
  readonly #model: TrainedModel;
  readonly #tokenizer: Tokenizer;
  readonly #programs = new Map<Kind, Promise<OpenProgram>>();

  constructor(name: string, model: TrainedModel, tokenizer: Tokenizer, digest: string) {
    const { clip, contrastive } = model.settings;
    this.name = name;
    this.digest = digest;
    this.width = contrastive.videoProjection.width;
    this.size = clip.size;
    this.patch = clip.patch;
    this.#model = model;
    this.#tokenizer = tokenizer;
  }

  embedImages(images: Uint8Array, count: number): Promise<Float32Array> {
    return this.#embed('image', imagesOf(images, count, this.size), (batch) => this.#clips(batch));
  }

  embedPatches(images: Uint8Array, count: number): Promise<Float32Array> {
    return this.#embed('patch', imagesOf(images, count, this.size), (batch) => this.#clips(batch));
  }

  async embedTexts(captions: readonly string[]): Promise<Float32Array> {
    const { length } = this.#model.settings.text;
    for (const caption of captions) {
      const tokens = this.#tokenizer.encode(caption).length;
      if (tokens <= length) continue;
      throw new LacunaError({
        where: `caption "${caption.slice(0, 60)}${caption.length > 60 ? '...' : ''}"`,
        what: `this caption is longer than the text tower of ${this.name} takes`,
        got: `${tokens} tokens`,
        expected: `at most ${length}`,
        fix: 'Shorten it, or train the teacher with a larger text.length.',
      });
    }
    return this.#embed('text', captions, (batch) => textFeeds(this.#tokenizer, batch, length));
  }

  async dispose(): Promise<void> {
    for (const program of this.#programs.values()) await (await program).dispose();
    this.#programs.clear();
    await this.#model.backend.dispose();
  }

  async #embed<T>(
    kind: Kind,
    items: readonly T[],
    feeds: (batch: readonly T[]) => Named<HostTensor>,
  ): Promise<Float32Array> {
    let opened = this.#programs.get(kind);
    if (opened === undefined) {
      opened = OpenProgram.open(this.#model, this.#program(kind));
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
    const { settings } = this.#model;
    const config = modelConfig(settings, this.#tokenizer.vocabSize);
    if (kind === 'patch') return patchEmbeddingModel(config, EMBEDDING_BATCH);
    const shape = { batch: EMBEDDING_BATCH, visible: clipTokens(videoConfig(settings)) };
    return kind === 'image'
      ? videoEmbeddingModel(config, shape)
      : textEmbeddingModel(config, shape);
  }

  /** Each image as a clip of equal frames, all tokens visible. */
  #clips(images: readonly Uint8Array[]): Named<HostTensor> {
    const { frames, size } = this.#model.settings.clip;
    const count = clipTokens(videoConfig(this.#model.settings));
    const data = new Uint8Array(images.length * frames * size * size * 3);
    images.forEach((image, index) => {
      for (let t = 0; t < frames; t++) data.set(image, (index * frames + t) * image.length);
    });
    const visible = Int32Array.from({ length: images.length * count }, (_, index) => index % count);
    return {
      frames: { dtype: 'u8', shape: [images.length, frames, size, size, 3], data },
      visible: { dtype: 'i32', shape: [images.length, count], data: visible },
    };
  }
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
  const hash = createHash('sha256');
  const { clip, encoder, text, contrastive } = settings;
  const { frames, size, tubelet, patch } = clip;
  hash.update(JSON.stringify({ frames, size, tubelet, patch, encoder, text, contrastive }));
  hash.update(vocabulary);
  for (const name of Object.keys(state).sort()) {
    const { dtype, shape, data } = state[name] as HostTensor;
    hash.update(`${name} ${dtype} [${shape}]`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
