/**
 * The functions that a port can claim one by one, each implementable without reading a program.
 * `docs/port-in-a-day.md` takes them in this order.
 */
export const FUNCTION_NAMES = [
  'random.philox',
  'mask.tube',
  'mask.random_per_slot',
  'mask.topk',
  'mask.flow_warped',
  'map.crop',
  'mask.text',
  'retrieval.rank',
  'state.start',
  'state.resize',
  'augment.draw',
  'erase.draw',
  'patchify',
  'target.cube',
  'loss.mae',
  'loss.infonce',
  'loss.infonce.captions',
  'optim.adamw',
  'optim.rate',
  'optim.correction',
  'model.forward',
  'model.space_time',
  'model.text',
  'model.text_causal',
  'model.projection',
  'step',
  'step.contrastive',
  'step.joint',
] as const;

export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** A call of one of the spec's functions; its tensors are the inputs of the case. */
export interface FunctionCall {
  readonly function: FunctionName;
  /** Plain JSON: sizes, names of variants, constants. */
  readonly attributes: FunctionAttributes;
}

export type FunctionAttributes = Readonly<
  Record<string, number | string | boolean | readonly number[]>
>;
