import { LacunaError } from '../errors.js';
import {
  concat,
  iota,
  matmul,
  mean,
  mul,
  reshape,
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
 * takes its share and is left out, so that rows sum to at most 1. Source: TGM 4.7.
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
  const first = encoder.classToken === true ? 1 : 0;
  const query = first + centreToken(video);
  const blocks = program.finish().operations.flatMap((operation) => {
    if (operation.op !== 'call' || operation.composite !== 'attention') return [];
    const [q, k] = operation.operands.map((name) => program.value(name)) as [Value, Value];
    const scale = operation.attributes.scale as number;
    // [B, H, 1, d] and [B, H, T, d].
    const scores = matmul(mul(slice(q, 2, query, query + 1), scale), k, { transposeB: true });
    const shares = mean(softmax(scores), [1]);
    return [reshape(slice(shares, 2, first, first + count), [batch, 1, count])];
  });
  if (blocks.length !== encoder.depth) {
    throw new LacunaError({
      what: 'the attention of the encoder cannot be read',
      got: `${blocks.length} attention calls`,
      expected: `${encoder.depth}, one a block`,
    });
  }
  program.output('attention', concat(blocks, 1));
  return model.finish();
}
