import { LacunaError } from '../errors.js';
import type { StateSpec } from '../model/state.js';

/** A parameter of block `i` of the video encoder. */
const BLOCK = /^encoder\.(\d+)\./;
/** What stands after the blocks: in VideoMAE's count they are of the last layer, as the head is. */
const AFTER_BLOCKS = /^encoder\.norm\./;

/**
 * The layer of a parameter of an encoder of L blocks, as fine-tuning counts them: 0 for the embeddings
 * (patches, positions, class token), i + 1 for block i, L + 1 for all that follows.
 * Source: VideoMAE optim_factory.py, `get_num_layer_for_vit`.
 */
export function layerOf(name: string, depth: number): number {
  const block = BLOCK.exec(name)?.[1];
  if (block !== undefined) return Number(block) + 1;
  return name.startsWith('encoder.') && !AFTER_BLOCKS.test(name) ? 0 : depth + 1;
}

/** The factor of a layer's learning rate: decay^(L + 1 - layer), by repeated products. */
export function layerScale(decay: number, layer: number, depth: number): number {
  let scale = 1;
  for (let i = layer; i < depth + 1; i++) scale *= decay;
  return scale;
}

/**
 * The state with the rate of each parameter scaled by its layer: the head learns at the full rate, the
 * embeddings at decay^(L + 1) of it. Weight decay follows the rate (AdamW). With 1 nothing changes.
 *
 * @throws LacunaError for a decay outside (0, 1].
 */
export function withLayerDecay(
  state: readonly StateSpec[],
  decay: number,
  depth: number,
): readonly StateSpec[] {
  if (!(decay > 0 && decay <= 1)) {
    throw new LacunaError({
      what: 'the layer decay is out of bounds',
      got: String(decay),
      expected: 'a number above 0, and at most 1',
    });
  }
  if (decay === 1) return state;
  return state.map((spec) => {
    if (spec.role !== 'parameter') return spec;
    const scale = layerScale(decay, layerOf(spec.name, depth), depth);
    return { ...spec, learningRateScale: (spec.learningRateScale ?? 1) * scale };
  });
}
