import { LacunaError } from '../errors.js';
import {
  add,
  concat,
  elementCount,
  iota,
  matmul,
  mean,
  mul,
  pad,
  reshape,
  type Shape,
  slice,
  softmax,
  type Value,
} from '../program/index.js';
import { clipTokens, gridOf, patchify, type VideoConfig } from './patches.js';
import { type Model, ModelBuilder } from './state.js';
import { type VideoEncoderConfig, videoEncoder } from './video-encoder.js';

/** The token in the middle of the clip: of the middle slot the middle row and column. */
export function centreToken(video: VideoConfig): number {
  const { slots, rows, columns } = gridOf(video);
  const middle = (count: number): number => Math.floor(count / 2);
  return (middle(slots) * rows + middle(rows)) * columns + middle(columns);
}

/**
 * What the token in the middle of the clip attends to, with nothing masked: `frames` u8
 * [B, T, H, W, 3] to `attention` f32 [B, L, N], for each of the encoder's L blocks
 * softmax(scale q_c K^T) of the query c = `centreToken`, averaged over the heads. A class token
 * takes its share and is left out, so that rows sum to at most 1. Divided attention has two such rows a
 * block, over time and over space: their mean is given. Source: TGM 4.7.
 */
export function attentionMapModel(
  config: { readonly video: VideoConfig; readonly encoder: VideoEncoderConfig },
  { batch }: { readonly batch: number },
): Model {
  const { video, encoder } = config;
  const model = new ModelBuilder('attention_map');
  const { program } = model;
  const count = clipTokens(video);
  const size = [batch, video.frames, video.size, video.size, 3];
  const frames = program.input('frames', 'u8', size, 'data');
  const cubes = model.scope('cubes', () => patchify(frames, video));
  videoEncoder(model, cubes, iota(program, [batch, count], 1), video, encoder);
  const calls = program.finish().operations.flatMap((operation): AttentionCall[] => {
    if (operation.op !== 'call' || operation.composite !== 'attention') return [];
    const [q, k] = operation.operands.map((name) => program.value(name)) as [Value, Value];
    return [{ q, k, scale: operation.attributes.scale as number }];
  });
  const first = encoder.classToken === true ? 1 : 0;
  const isDivided = encoder.attention === 'divided';
  // The class token has calls of its own in divided attention, each after that of the others.
  const ways = isDivided ? 2 : 1;
  const each = isDivided ? 1 + first : 1;
  if (calls.length !== encoder.depth * ways * each) {
    throw new LacunaError({
      what: 'the attention of the encoder cannot be read',
      got: `${calls.length} attention calls`,
      expected: `${encoder.depth * ways * each}, ${ways * each} a block`,
    });
  }
  const rows = calls.filter((_, index) => index % each === 0);
  const blocks = Array.from({ length: encoder.depth }, (_, block) => {
    const [one, other] = rows.slice(block * ways, (block + 1) * ways) as [
      AttentionCall,
      AttentionCall,
    ];
    if (!isDivided) return sharesOf(one, first + centreToken(video), [batch, 1, count]);
    const { slots, rows: down, columns } = gridOf(video);
    const places = down * columns;
    const [slot, place] = [Math.floor(centreToken(video) / places), centreToken(video) % places];
    const overTime = sharesOf(ofGroup(one, batch, place), slot, [batch, slots, 1]);
    const overSpace = sharesOf(ofGroup(other, batch, slot), place, [batch, 1, places]);
    const time = pad(overTime, [0, 0, place], [0, 0, places - place - 1]);
    const space = pad(overSpace, [0, slot, 0], [0, slots - slot - 1, 0]);
    return reshape(mul(add(time, space), 0.5), [batch, 1, count]);
  });
  program.output('attention', concat(blocks, 1));
  return model.finish();
}

interface AttentionCall {
  /** [B, H, Q, d] and [B, H, T, d]. */
  readonly q: Value;
  readonly k: Value;
  readonly scale: number;
}

/** The call for one group of each clip, of [B * groups, H, ...]. */
function ofGroup({ q, k, scale }: AttentionCall, batch: number, group: number): AttentionCall {
  const own = (x: Value): Value => {
    const [all, ...rest] = x.shape as [number, number, number, number];
    const split = reshape(x, [batch, all / batch, ...rest]);
    return reshape(slice(split, 1, group, group + 1), [batch, ...rest]);
  };
  return { q: own(q), k: own(k), scale };
}

/** What one query gives to the last keys, as many as `shape` has, averaged over the heads. */
function sharesOf({ q, k, scale }: AttentionCall, query: number, shape: Shape): Value {
  const keys = k.shape[2] as number;
  const scores = matmul(mul(slice(q, 2, query, query + 1), scale), k, { transposeB: true });
  const shares = mean(softmax(scores), [1]);
  const wanted = elementCount(shape.slice(1));
  return reshape(slice(shares, 2, keys - wanted, keys), shape);
}
