import { z } from 'zod';
import type { DecoderConfig } from '../../spec/model/decoder.js';
import type { Preset } from '../../spec/model/presets.js';
import { EMBEDDING_STARTS } from '../../spec/model/state.js';
import {
  TEXT_ATTENTIONS,
  TEXT_POOLINGS,
  type TextEncoderConfig,
} from '../../spec/model/text-encoder.js';
import { INFLATIONS, type Inflation } from '../../spec/model/transfer.js';
import {
  ACTIVATIONS,
  NORM_EPS,
  NORM_PLACES,
  type TransformerConfig,
} from '../../spec/model/transformer.js';
import {
  POSITIONS,
  VIDEO_ATTENTIONS,
  type VideoEncoderConfig,
} from '../../spec/model/video-encoder.js';
import { count, epsilon, type Overrides, path, refuse } from './section.js';

/** The video encoder of a run. */
export interface EncoderConfig extends VideoEncoderConfig {
  /**
   * The folder that its first weights come from: a model as Hugging Face saves it, or a run of Lacuna
   * (with its decoder and its head, where they fit). @defaultValue none: they are drawn
   */
  readonly init?: string;
  /** How an image's patches become cubes of several frames there. @defaultValue 'average' */
  readonly inflation?: Inflation;
}

/** The text encoder of a run. */
export interface TextConfig extends Omit<TextEncoderConfig, 'vocabulary'> {
  /** The folder that its first weights come from, as `encoder.init`. @defaultValue none: they are drawn */
  readonly init?: string;
  /** Tokens of a vocabulary that is trained on the captions; a loaded tokenizer has its own. */
  readonly vocabulary: number;
}

const transformer = {
  width: count.exactOptional(),
  depth: z.int().min(1).max(1000).exactOptional(),
  heads: count.exactOptional(),
  mlpRatio: z.number().gt(0).max(64).exactOptional(),
  normEps: epsilon.exactOptional(),
  activation: z.enum(ACTIVATIONS).exactOptional(),
  keyBias: z.boolean().exactOptional(),
};

export const ENCODER_SCHEMA: z.ZodType<Overrides<EncoderConfig>> = z.strictObject({
  ...transformer,
  positions: z.enum(POSITIONS).exactOptional(),
  attention: z.enum(VIDEO_ATTENTIONS).exactOptional(),
  patchStart: z.enum(EMBEDDING_STARTS).exactOptional(),
  classToken: z.boolean().exactOptional(),
  embeddingNorm: z.boolean().exactOptional(),
  finalNorm: z.boolean().exactOptional(),
  init: path.exactOptional(),
  inflation: z.enum(INFLATIONS).exactOptional(),
});

export const DECODER_SCHEMA: z.ZodType<Overrides<DecoderConfig>> = z.strictObject({
  ...transformer,
  finalNormEps: epsilon.exactOptional(),
  embedStart: z.enum(EMBEDDING_STARTS).exactOptional(),
});

export const TEXT_SCHEMA: z.ZodType<Overrides<TextConfig>> = z.strictObject({
  ...transformer,
  length: z.int().min(2).max(65_536).exactOptional(),
  attention: z.enum(TEXT_ATTENTIONS).exactOptional(),
  pool: z.enum(TEXT_POOLINGS).exactOptional(),
  norms: z.enum(NORM_PLACES).exactOptional(),
  embeddingNorm: z.boolean().exactOptional(),
  segments: z.int().min(0).max(1024).exactOptional(),
  init: path.exactOptional(),
  vocabulary: count.exactOptional(),
});

/** What every manifest records of a text encoder; those of before there was a choice have none of it. */
export const PLAIN_TEXT: Required<
  Pick<TextConfig, 'norms' | 'embeddingNorm' | 'segments' | 'normEps'>
> = { norms: 'before', embeddingNorm: false, segments: 0, normEps: NORM_EPS };

/** The encoder, with the choices that every manifest records. */
export function resolveEncoder(
  own: Overrides<EncoderConfig> | undefined,
  { encoder }: Preset,
): EncoderConfig {
  return { attention: 'joint', patchStart: 'fan-in', ...encoder, ...own };
}

/** The decoder, with the choices that every manifest records. */
export function resolveDecoder(
  own: Overrides<DecoderConfig> | undefined,
  { decoder }: Preset,
): DecoderConfig {
  return { embedStart: 'fan-in', ...decoder, ...own };
}

export function resolveText(own: Overrides<TextConfig> | undefined, preset: Preset): TextConfig {
  const { text, vocabulary } = preset;
  return { ...PLAIN_TEXT, ...text, vocabulary, ...own };
}

/** @throws LacunaError for a width that cannot be cut into heads; `section` is where the tower's keys are. */
export function requireHeads(
  section: 'encoder' | 'decoder' | 'text',
  { width, heads }: Pick<TransformerConfig, 'width' | 'heads'>,
): void {
  refuse(width % heads !== 0, `${section}.heads`, `${heads}`, {
    what: 'the width is no multiple of the number of heads',
    expected: `a divisor of ${section}.width, ${width}`,
  });
}
