import { z } from 'zod';
import {
  type Activation,
  LacunaError,
  type TransformerConfig,
  type VideoConfig,
} from '../../../spec/index.js';
import { NORM_EPS } from '../../../spec/model/transformer.js';
import { type Demand, demandsOf } from '../demands.js';

/** Sizes of a config.json: larger ones are no model's. */
export const size: z.ZodType<number> = z.int().min(1).max(1_000_000);
export const depth: z.ZodType<number> = z.int().min(1).max(1000);
export const eps: z.ZodType<number> = z.number().gt(0).max(1);
export const activationName: z.ZodType<string> = z.string().max(64);

/** Height and width; our frames are square. */
export const side: z.ZodType<number> = z
  .union([size, z.tuple([size, size])])
  .transform((value, context) => {
    if (typeof value === 'number') return value;
    if (value[0] === value[1]) return value[0];
    context.addIssue({ code: 'custom', message: 'frames are square here, these are not' });
    return z.NEVER;
  });

/** What every image tower's config says. */
export const IMAGE_TOWER: Fields<
  | 'hidden_size'
  | 'num_hidden_layers'
  | 'num_attention_heads'
  | 'intermediate_size'
  | 'image_size'
  | 'patch_size'
  | 'num_channels'
> = {
  hidden_size: size,
  num_hidden_layers: depth,
  num_attention_heads: size,
  intermediate_size: size,
  image_size: side,
  patch_size: side,
  num_channels: z.literal(3).default(3),
};

type Fields<K extends string> = Readonly<Record<K, z.ZodType<number>>>;

/** A section of a config.json by its schema. @throws LacunaError naming the key. */
export function parseFields<T>(schema: z.ZodType<T>, value: unknown, file: string): T {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new LacunaError({
    where: `${file}: ${issue?.path.map(String).join('.') ?? ''}`,
    what: 'this value of the configuration cannot be used',
    got: issue?.message ?? 'malformed',
  });
}

/** What our activations are called there. */
const ACTIVATION_NAMES: Readonly<Record<Activation, string>> = {
  gelu: 'gelu',
  'quick-gelu': 'quick_gelu',
};

/** @throws LacunaError for an activation that blocks cannot have here. */
export function activationOf(name: string, file: string): Activation {
  const [found] = Object.entries(ACTIVATION_NAMES).find(([, theirs]) => theirs === name) ?? [];
  if (found !== undefined) return found as Activation;
  throw new LacunaError({
    where: file,
    what: 'blocks with this activation cannot be had here',
    got: name.slice(0, 80),
    expected: 'gelu or quick_gelu',
  });
}

/** What most configurations call the sizes of a tower's blocks. */
interface BlockFields {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly intermediate_size: number;
  readonly hidden_act: string;
  readonly layer_norm_eps: number;
}

/** The settings of a tower's blocks. @throws LacunaError for an activation that they cannot have. */
export function blocksOf(
  fields: BlockFields,
  file: string,
): Readonly<Record<'width' | 'depth' | 'heads' | 'mlpRatio' | 'normEps', number>> & {
  readonly activation: Activation;
} {
  return {
    width: fields.hidden_size,
    depth: fields.num_hidden_layers,
    heads: fields.num_attention_heads,
    mlpRatio: fields.intermediate_size / fields.hidden_size,
    normEps: fields.layer_norm_eps,
    activation: activationOf(fields.hidden_act, file),
  };
}

/** The other way round: what a configuration says of a tower's blocks, and how they are called in our settings. */
export function blockFields(config: TransformerConfig): BlockFields {
  const { width, depth, heads, mlpRatio = 4, normEps = NORM_EPS, activation = 'gelu' } = config;
  return {
    hidden_size: width,
    num_hidden_layers: depth,
    num_attention_heads: heads,
    intermediate_size: Math.round(width * mlpRatio),
    hidden_act: ACTIVATION_NAMES[activation],
    layer_norm_eps: normEps,
  };
}

/** What a configuration says of the pixels of an image tower. */
export function imageFields({ size, patch }: Pick<VideoConfig, 'size' | 'patch'>): object {
  return { image_size: size, patch_size: patch, num_channels: 3 };
}

/** A tokenizer, as far as a configuration tells of it. */
export interface TextFacts {
  /** Rows of the token table. */
  readonly vocabulary: number;
  /** The token that begins a caption, the one that ends it, and the one that fills it up. */
  readonly begin: number | null;
  readonly end: number | null;
  readonly pad: number;
}

/** What a vision transformer for images needs: a class token, which is pooled, and learned positions. */
export function imageDemands(
  fields: BlockFields & { readonly patch_size: number },
  file: string,
  own: { readonly keyBias: boolean; readonly embeddingNorm: boolean },
): readonly Demand[] {
  const blocks = { ...blocksOf(fields, file), ...own, classToken: true, finalNorm: true };
  return [
    ...demandsOf('encoder', blocks),
    { key: 'encoder.positions', value: 'learned-zero-slots', also: ['learned'], firm: true },
    ...demandsOf('clip', { patch: fields.patch_size }),
    ...demandsOf('contrastive', { pool: 'class' }, false),
  ];
}

/** Rows and columns of places. @throws LacunaError where patches do not tile the image. */
export function placesOf(
  image: number,
  patch: number,
  file: string,
): { rows: number; columns: number } {
  if (image % patch === 0) return { rows: image / patch, columns: image / patch };
  throw new LacunaError({
    where: file,
    what: 'the patches of this model do not tile its images',
    got: `images of ${image}, patches of ${patch}`,
  });
}
