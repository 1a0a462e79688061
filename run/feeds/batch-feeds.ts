import type { HostTensor, Named } from '../../core/backend.js';
import {
  type BatchSample,
  type ClipBatch,
  type ClipRecord,
  captionChoice,
  encodeBatch,
  type Tokenizer,
} from '../../data/index.js';
import {
  drawMask,
  gridOf,
  LacunaError,
  type Mask,
  type MaskMap,
  maskText,
  RandomStream,
  shuffle,
  type TextMaskVocabulary,
} from '../../spec/index.js';
import { capabilitiesOf } from '../settings/capabilities.js';
import type { RunSettings } from '../settings/config.js';
import { videoConfig } from '../settings/settings.js';
import { CaptionEmbeddings } from './caption-embeddings.js';
import type { SimilarityGuide } from './similarity-guide.js';

/** What the captions of a run become: token ids, a teacher's embeddings, or nothing. */
export type TextSide = Tokenizer | CaptionEmbeddings | undefined;

/** Turns batches of clips into what a step's programs read: frames, masks and text. */
export class BatchFeeds {
  readonly #settings: RunSettings;
  readonly #text: TextSide;
  readonly #partners: ReadonlyMap<string, ClipRecord>;
  readonly #guide: SimilarityGuide | undefined;

  /**
   * @param text Needed by the contrastive objectives only.
   * @param guide Needed by text-guided masks only.
   */
  constructor(
    settings: RunSettings,
    records: readonly ClipRecord[],
    text: TextSide,
    guide?: SimilarityGuide,
  ) {
    this.#settings = settings;
    this.#text = text;
    this.#guide = guide;
    this.#partners = settings.pairing === 'shuffled' ? partners(records, settings.seed) : new Map();
  }

  /**
   * Everything depends on (seed, epoch of the sample's list, sample) alone.
   *
   * @param captions Those of the whole batch, where `batch` is the rows of one of several processes; the rows of this
   * one find theirs in it. @defaultValue those of `batch`
   */
  async feeds(batch: ClipBatch, captions?: readonly string[]): Promise<Named<HostTensor>> {
    const { video, samples } = batch;
    const { clip, mask, seed } = this.#settings;
    const { reconstructs, aligns } = capabilitiesOf(this.#settings);
    const grid = gridOf(videoConfig(this.#settings));
    const masks = await Promise.all(
      samples.map(async (sample) =>
        drawMask(
          mask,
          grid,
          { seed, epoch: sample.epoch, sample: sample.word },
          await this.#map(sample),
        ),
      ),
    );
    const { frames, size } = clip;
    return {
      frames: { dtype: 'u8', shape: [samples.length, frames, size, size, 3], data: video },
      ...maskFeeds(masks, reconstructs),
      ...(aligns ? this.#textFeeds(batch, captions) : {}),
    };
  }

  /** The map that guides the mask: of the clip as it was cut, and where it is stored, of its own caption. */
  async #map(sample: BatchSample): Promise<MaskMap | undefined> {
    const { record, caption, motion } = sample;
    if (this.#guide === undefined) return motion?.map;
    return this.#guide.map(record.video, record.captions[caption] ?? '', sample);
  }

  /** The caption of each clip of a batch. */
  captions({ samples }: Pick<ClipBatch, 'samples'>): readonly string[] {
    return samples.map((sample) => this.#caption(sample));
  }

  #textFeeds(batch: ClipBatch, all?: readonly string[]): Named<HostTensor> {
    const captions = this.captions(batch);
    const isAsked = this.#settings.contrastive.equalCaptions === 'positives';
    return {
      ...this.#captionFeeds(batch, captions),
      ...(isAsked ? { 'text.caption': captionNumbers(captions, all ?? captions) } : {}),
    };
  }

  #captionFeeds({ samples }: ClipBatch, captions: readonly string[]): Named<HostTensor> {
    const source = this.#text;
    if (source === undefined) throw new LacunaError({ what: 'there is no tokenizer' });
    if (source instanceof CaptionEmbeddings) return source.feeds(captions);
    const { text, textMask, seed } = this.#settings;
    const tokens = textFeeds(source, captions, text.length);
    const ids = tokens['text.ids'].data as Int32Array;
    if (textMask.ratio > 0) {
      const vocabulary = maskVocabulary(source, textMask);
      samples.forEach(({ word, epoch }, row) => {
        const caption = ids.subarray(row * text.length, (row + 1) * text.length);
        const address = { seed, epoch, sample: word };
        const continues = textMask.unit === 'word' ? source.continuations(caption) : undefined;
        const masked = maskText(textMask, caption.slice(), vocabulary, address, continues);
        caption.set(masked.ids);
        if (textMask.mode === 'drop') {
          const lengths = tokens['text.lengths'].data as Int32Array;
          lengths[row] = (lengths[row] as number) - masked.masked.length;
        }
      });
    }
    return tokens;
  }

  #caption({ record, word, epoch, caption }: BatchSample): string {
    const partner = this.#partners.get(record.id);
    if (partner === undefined) return record.captions[caption] ?? '';
    const address = { seed: this.#settings.seed, epoch, sample: word, replicate: 0 };
    return partner.captions[captionChoice(partner.captions.length, address)] ?? '';
  }
}

/** `text.caption` i32 [B]: of each caption the row of the whole batch where it stands first. */
function captionNumbers(captions: readonly string[], all: readonly string[]): HostTensor {
  const data = Int32Array.from(captions, (caption) => all.indexOf(caption));
  return { dtype: 'i32', shape: [captions.length], data };
}

/** `visible` and, where something is reconstructed, `masked`: i32 [B, K] and [B, N - K]. */
export function maskFeeds(masks: readonly Mask[], reconstructs: boolean): Named<HostTensor> {
  return {
    visible: stacked(masks.map(({ visible }) => visible)),
    ...(reconstructs ? { masked: stacked(masks.map(({ masked }) => masked)) } : {}),
  };
}

/** `text.ids` i32 [B, L] and `text.lengths` i32 [B]. */
export function textFeeds(
  tokenizer: Tokenizer,
  captions: readonly string[],
  length: number,
): Record<'text.ids' | 'text.lengths', HostTensor> {
  const { ids, lengths } = encodeBatch(tokenizer, captions, length);
  return {
    'text.ids': { dtype: 'i32', shape: [captions.length, length], data: ids },
    'text.lengths': { dtype: 'i32', shape: [captions.length], data: lengths },
  };
}

function stacked(rows: readonly Int32Array[]): HostTensor {
  const width = rows[0]?.length ?? 0;
  const data = new Int32Array(rows.length * width);
  rows.forEach((row, index) => {
    data.set(row, index * width);
  });
  return { dtype: 'i32', shape: [rows.length, width], data };
}

function maskVocabulary(
  { maskId, padId, clsId, eosId }: Tokenizer,
  { mode }: RunSettings['textMask'],
): TextMaskVocabulary {
  if (maskId === null && mode === 'replace') {
    throw new LacunaError({
      what: 'words cannot be replaced: the vocabulary has no mask token',
      where: 'textMask.mode',
      got: '"replace"',
      fix: 'Set textMask.mode to "drop", textMask.ratio to 0, or use a tokenizer with a mask token.',
    });
  }
  const special = [clsId, eosId, maskId].filter((id) => id !== null);
  return { mask: maskId ?? padId, pad: padId, special: new Set(special) };
}

/** Gives each record another one, in one cycle through all of them: nobody keeps its own captions. */
function partners(records: readonly ClipRecord[], seed: number): Map<string, ClipRecord> {
  const order = shuffle(new RandomStream({ seed, stream: 'order', replicate: 1 }), records.length);
  const pairs = Array.from(order, (from, place): [string, ClipRecord] => {
    const to = order[(place + 1) % records.length] as number;
    return [(records[from] as ClipRecord).id, records[to] as ClipRecord];
  });
  return new Map(pairs);
}
