import type { Call, Shape } from '../../../../spec/program/index.js';
import type { AttentionCluster } from '../cluster.js';
import type { Kernel, KernelLimits } from '../kernel.js';
import { type AttentionPart, attentionForward } from './attention-forward.js';
import { attentionGradient } from './attention-gradient.js';
import type { KernelContext } from './context.js';
import type { Tiling } from './tiling.js';

/** Of heads this wide some rows, and those that they meet, still fit workgroup memory. */
const WIDEST = 64;

/**
 * Whether a call is attention, or its gradient, whose scores are never to lie in memory: long, with
 * heads that are not too wide, as many keys as queries, and without a bias.
 *
 * @param shapeOf The shape of an operand, where it is known.
 */
export function isStreamed(
  call: Call,
  limits: KernelLimits,
  { attention }: Tiling,
  shapeOf: (operand: string) => Shape | undefined,
): boolean {
  const isPlain =
    (call.composite === 'attention' && call.operands.length === 3) ||
    (call.composite === 'attention_grad' && call.operands.length === 5);
  const { shape } = call.results[0] as Call['results'][number];
  if (!isPlain || shape.length !== 4) return false;
  const [batch, heads, length, width] = shape as readonly [number, number, number, number];
  // A tensor is in one buffer, and so are the scores of a strip of keys.
  const bytes = 4 * batch * heads * length * Math.max(width, attention.rows);
  const fits = bytes > 0 && bytes <= limits.bindingBytes;
  const [queries, keys] = call.operands.map((name) => shapeOf(name)?.[2]);
  return fits && queries === keys && length >= attention.from && width <= WIDEST;
}

/**
 * Attention without its matrix of scores (Dao et al., FlashAttention; Rabe and Staats): a workgroup has some
 * rows of the result and meets the others a tile at a time. The forward pass keeps the largest score m so far and
 * the sum l of exp(s - m), and shrinks what it has when m grows. For the gradient m and l of each row are
 * kept; scores p are computed again, with the rule of `ATTENTION_GRAD`, for dk and dv together. Their gradients
 * ds = p (dp - o . do) go to memory, those of so many keys at a time, and dq = ds k is summed from there: seven products of
 * the size of all scores, forward and backward, where dq by itself would compute p and dp again.
 */
export function attentionKernels(
  cluster: AttentionCluster,
  context: KernelContext,
): readonly Kernel[] {
  const { call } = cluster;
  const [batch, heads, length, width] = (call.results[0] as Call['results'][number])
    .shape as readonly [number, number, number, number];
  const part: AttentionPart = {
    context,
    rows: { batches: batch * heads, length, width },
    scale: call.attributes.scale as number,
    call,
  };
  return call.composite === 'attention' ? [attentionForward(part)] : attentionGradient(part);
}
