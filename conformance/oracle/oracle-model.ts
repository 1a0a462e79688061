import type { HostTensor } from '../../core/backend.js';
import {
  type AdamWConfig,
  clipTokens,
  elementCount,
  gridOf,
  type MaskConfig,
  type ModelConfig,
  maskCounts,
  type ProgramInput,
  presetNamed,
  type StateSpec,
} from '../../spec/index.js';
import { makeTable } from '../../spec/model/tables.js';
import { hashedCells, hashedParameter, hashedPixels, hashedUniform, hashWords } from './hashed.js';

/** A model of real size whose steps PyTorch has made. */
export interface OracleModel {
  /** The check's id is `oracle/NAME`; the fixture has underscores. */
  readonly name: string;
  readonly config: ModelConfig;
  readonly batch: number;
  readonly mask: MaskConfig;
  readonly optimizer: Required<AdamWConfig>;
}

/** Clips of all three models: 16 frames, also of MAC, whose preset has 4 with cubes of one frame. */
const VIDEO = presetNamed('videomae-vitb').video;
/** The width of CLIP's text embeddings, which TGM aligns with. */
const TEACHER_WIDTH = 512;
/** The id that stands for a masked word, and how many of a caption's words it replaces. */
const [MASK_ID, HIDDEN_WORDS] = [4, 4];

/** Reconstruction: one clip. */
export const VIDEOMAE_B: OracleModel = (() => {
  const { encoder, decoder, mask, optimizer } = presetNamed('videomae-vitb');
  const config = { video: VIDEO, encoder, mae: { decoder } };
  return { name: 'videomae-b', config, batch: 1, mask, optimizer };
})();

/**
 * Alignment of masked video with masked text: two clips. PyTorch made its steps with text norms before
 * attention and MLP, and with this AdamW, where the preset has DistilBERT's norms and Frozen-in-Time's.
 */
export const MAC_B: OracleModel = (() => {
  const { encoder, contrastive, text, vocabulary, mask } = presetNamed('mac-vitb');
  const { embeddingNorm: _, normEps: __, ...sizes } = text;
  const aligned = { ...contrastive, text: { ...sizes, norms: 'before', vocabulary } as const };
  const optimizer = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 };
  return {
    name: 'mac-b',
    config: { video: VIDEO, encoder, contrastive: aligned },
    batch: 2,
    mask,
    optimizer,
  };
})();

/** Both objectives, against a frozen teacher's embeddings: two clips. */
export const TGM_B: OracleModel = (() => {
  const { encoder, decoder, contrastive, mask, optimizer } = presetNamed('tgm-vitb-k400');
  const aligned = { ...contrastive, text: { frozen: true, width: TEACHER_WIDTH } } as const;
  const config = { video: VIDEO, encoder, mae: { decoder }, contrastive: aligned };
  return { name: 'tgm-b', config, batch: 2, mask, optimizer };
})();

/** Visible tokens of a clip. */
export function visibleTokens({ config, mask }: OracleModel): number {
  return maskCounts(mask, gridOf(config.video)).visible;
}

/** What a step reads beside parameters, moments and schedule. */
export function oracleInput(model: OracleModel, input: ProgramInput): HostTensor {
  return { dtype: input.dtype, shape: input.shape, data: dataOf(model, input) };
}

function dataOf(
  model: OracleModel,
  { name, dtype, shape, source }: ProgramInput,
): HostTensor['data'] {
  const count = elementCount(shape);
  if (source !== undefined) return inType(dtype, makeTable(source));
  if (name === 'frames') return hashedPixels(count);
  if (name === 'visible') return Int32Array.from(tokens(model, false));
  if (name === 'masked') return Int32Array.from(tokens(model, true));
  if (name === 'text.ids') return captionIds(model, shape[1] as number);
  if (name === 'text.lengths') {
    const { length } = captionConfig(model);
    return Int32Array.from({ length: count }, (_, clip) => length - 5 * clip);
  }
  return inType(dtype, hashedUniform(name, count));
}

/** A state tensor where training starts. */
export function oracleStart(
  { name, shape, role, init }: StateSpec,
  dtype: 'f32' | 'f64',
): HostTensor {
  if (role === 'parameter')
    return { dtype, shape, data: inType(dtype, hashedParameter(name, shape)) };
  const value = init.kind === 'constant' ? init.value : 0;
  return { dtype, shape, data: inType(dtype, new Float32Array(elementCount(shape)).fill(value)) };
}

/** The rows of the table of tokens that a step reads. */
export function tokenRows(model: OracleModel): readonly number[] {
  const { contrastive } = model.config;
  if (contrastive === undefined || 'frozen' in contrastive.text) return [];
  return [...captionIds(model, contrastive.text.length)];
}

function tokens({ config, batch, mask }: OracleModel, masked: boolean): readonly number[] {
  const { slots, rows, columns } = gridOf(config.video);
  const cells = rows * columns;
  const hidden = maskCounts(mask, { slots, rows, columns }).masked / slots;
  return Array.from({ length: batch }, (_, clip) => {
    const chosen = new Set<number>();
    for (let slot = 0; slot < slots; slot++) {
      const name = mask.kind === 'tube' ? `mask.${clip}` : `mask.${clip}.${slot}`;
      for (const cell of hashedCells(name, cells, hidden)) chosen.add(slot * cells + cell);
    }
    const all = Array.from({ length: clipTokens(config.video) }, (_, token) => token);
    return all.filter((token) => chosen.has(token) === masked);
  }).flat();
}

function captionIds(model: OracleModel, length: number): Int32Array {
  const { vocabulary } = captionConfig(model);
  const words = hashWords('text.ids', model.batch * length);
  const ids = Int32Array.from(words, (word) => word % vocabulary);
  for (let clip = 0; clip < model.batch; clip++) {
    for (const at of hashedCells(`text.mask.${clip}`, length, HIDDEN_WORDS)) {
      ids[clip * length + at] = MASK_ID;
    }
  }
  return ids;
}

function captionConfig({ config, name }: OracleModel): { vocabulary: number; length: number } {
  const text = config.contrastive?.text;
  if (text === undefined || 'frozen' in text) throw new Error(`${name} reads no captions`);
  return text;
}

function inType(dtype: string, values: Float32Array): Float32Array | Float64Array {
  return dtype === 'f64' ? Float64Array.from(values) : values;
}
