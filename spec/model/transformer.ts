import { LacunaError } from '../errors.js';
import { add, attention, gelu, mergeHeads, splitHeads, type Value } from '../program/index.js';
import { dividedAttention, type SlotLayout } from './divided-attention.js';
import { layerNormLayer, linearLayer, quickGelu } from './layers.js';
import { type Init, type ModelBuilder, ONES, xavier, ZEROS } from './state.js';

export const ACTIVATIONS = ['gelu', 'quick-gelu'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

export interface TransformerConfig {
  /** D, the width of a token. */
  readonly width: number;
  /** The number of blocks. */
  readonly depth: number;
  /** H; D / H is the size of a head. */
  readonly heads: number;
  /** Hidden width of the MLP over D. @defaultValue 4 */
  readonly mlpRatio?: number;
  /** eps of the blocks' layer norms. @defaultValue 1e-6 (VideoMAE, MAE; CLIP has 1e-5, HF VideoMAE 1e-12) */
  readonly normEps?: number;
  /** @defaultValue 'gelu', exact; 'quick-gelu' as in CLIP */
  readonly activation?: Activation;
  /** Whether keys have a bias. @defaultValue false: VideoMAE's is the constant 0; CLIP has one */
  readonly keyBias?: boolean;
}

export const NORM_EPS = 1e-6;

/** Where the two norms of a block stand: see `transformer`. */
export const NORM_PLACES = ['before', 'after'] as const;
export type NormPlace = (typeof NORM_PLACES)[number];

/** What a tower's blocks are beside their sizes. */
export interface BlockForm {
  /** Added to the scores of all tokens against all: what may not be seen. */
  readonly bias?: Value;
  /** @defaultValue 'before' */
  readonly norms?: NormPlace;
  /** Attention over time, then over space. @defaultValue none: all tokens attend to all */
  readonly divided?: SlotLayout;
  /**
   * What becomes of a branch before it is added: 0 is attention (over space, where it is divided), 1
   * the MLP, of a block with norms before. @defaultValue nothing
   */
  readonly branch?: (branch: Value, block: number, index: 0 | 1) => Value;
  /**
   * Matrices start as Gaussians of this deviation, in block n, counted from 1, divided by sqrt(2 n) where
   * their result is added to the tokens (BEiT, V-JEPA). @defaultValue Xavier
   */
  readonly std?: number;
}

/** A way of making tokens of queries, keys and values [B, H, T, d]. */
type Mixing = (qkv: readonly [Value, Value, Value], scale: number) => Value;

/** How the matrices of an attention layer start; its biases start at 0. */
interface AttentionStart {
  readonly qkv: Init;
  readonly proj: Init;
}

/** How those of an MLP start. */
export interface MlpStart {
  readonly fc1: Init;
  readonly fc2: Init;
}

/** The start of a matrix whose result is added to the tokens, in block n, counted from 1. */
export function residualStart(std: number, n: number): Init {
  return { kind: 'normal', std: std / Math.sqrt(2 * n) };
}

/** Frozen-in-Time's `zeros` start: time attention adds nothing at first. */
const TIME_START: AttentionStart = { qkv: ZEROS, proj: ONES };

/**
 * The blocks `0 .. depth - 1` on x [B, T, D]. All tokens attend to all others, or as `bias`, added to the
 * scores, permits.
 * - norms `before` (VideoMAE modeling_finetune.py `Block`): x += attn(norm1(x)); x += mlp(norm2(x)).
 * - norms `after` (BERT, DistilBERT): x = norm1(x + attn(x)); x = norm2(x + mlp(x)).
 * - `divided` (Frozen-in-Time video_transformer.py `SpaceTimeBlock`): a = x + time(norm3(x));
 *   x += attn(norm1(a)), with x for a in the sum; x += mlp(norm2(x)). See `dividedAttention`.
 */
export function transformer(
  model: ModelBuilder,
  x: Value,
  config: TransformerConfig,
  form: BlockForm = {},
): Value {
  if (config.width % config.heads !== 0) {
    throw new LacunaError({
      what: 'the width is no multiple of the heads',
      got: `width ${config.width}, ${config.heads} heads`,
    });
  }
  let tokens = x;
  for (let index = 0; index < config.depth; index++) {
    tokens = model.scope(String(index), () => block(model, tokens, config, form, index));
  }
  return tokens;
}

function block(
  model: ModelBuilder,
  x: Value,
  config: TransformerConfig,
  { bias, norms = 'before', divided, std, branch = (value) => value }: BlockForm,
  index: number,
): Value {
  const matrix: Init | undefined = std === undefined ? undefined : { kind: 'normal', std };
  const added = std === undefined ? undefined : residualStart(std, index + 1);
  const start = matrix && added ? { qkv: matrix, proj: added } : undefined;
  const mlpStart = matrix && added ? { fc1: matrix, fc2: added } : undefined;
  const norm = (name: string, y: Value): Value =>
    layerNormLayer(model, name, y, config.normEps ?? NORM_EPS);
  const all: Mixing = ([q, k, v], scale) =>
    attention(q, k, v, bias === undefined ? { scale } : { scale, bias });
  if (norms === 'after') {
    const attended = norm('norm1', add(x, selfAttention(model, 'attn', x, config, all, start)));
    return norm('norm2', add(attended, mlp(model, attended, config, mlpStart)));
  }
  if (divided === undefined) {
    const mixed = selfAttention(model, 'attn', norm('norm1', x), config, all, start);
    const attended = add(x, branch(mixed, index, 0));
    return add(attended, branch(mlp(model, norm('norm2', attended), config, mlpStart), index, 1));
  }
  const over =
    (axis: 'time' | 'space'): Mixing =>
    (qkv, scale) =>
      dividedAttention(qkv, axis, divided, scale);
  const timed = add(
    x,
    selfAttention(model, 'time', norm('norm3', x), config, over('time'), TIME_START),
  );
  const space = selfAttention(model, 'attn', norm('norm1', timed), config, over('space'), start);
  const attended = add(x, branch(space, index, 0));
  return add(attended, branch(mlp(model, norm('norm2', attended), config, mlpStart), index, 1));
}

function selfAttention(
  model: ModelBuilder,
  name: string,
  x: Value,
  { width, heads, keyBias = false }: TransformerConfig,
  mix: Mixing,
  // VideoMAE initialises one fused [3D, D] matrix, so each part has the bound of the whole.
  { qkv, proj }: AttentionStart = { qkv: xavier(width, 3 * width), proj: xavier(width, width) },
): Value {
  return model.scope(name, () => {
    const q = splitHeads(linearLayer(model, 'q', x, width, { init: qkv }), heads);
    const k = splitHeads(linearLayer(model, 'k', x, width, { init: qkv, bias: keyBias }), heads);
    const v = splitHeads(linearLayer(model, 'v', x, width, { init: qkv }), heads);
    const mixed = mix([q, k, v], 1 / Math.sqrt(width / heads));
    return linearLayer(model, 'proj', mergeHeads(mixed), width, { init: proj });
  });
}

/** fc2(gelu(fc1(x))) with `mlpRatio` times as many hidden units as `width`. */
export function mlp(
  model: ModelBuilder,
  x: Value,
  config: Pick<TransformerConfig, 'width' | 'mlpRatio' | 'activation'>,
  start?: MlpStart,
): Value {
  const { width, mlpRatio = 4, activation = 'gelu' } = config;
  const options = (init: Init | undefined): { readonly init?: Init } =>
    init === undefined ? {} : { init };
  return model.scope('mlp', () => {
    const hidden = linearLayer(model, 'fc1', x, Math.round(width * mlpRatio), options(start?.fc1));
    const active = activation === 'gelu' ? gelu(hidden) : quickGelu(hidden);
    return linearLayer(model, 'fc2', active, width, options(start?.fc2));
  });
}
