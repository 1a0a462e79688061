/**
 * The functions that a port can claim one by one, each implementable without reading a program.
 * `docs/port-in-a-day.md` takes them in this order.
 *
 * Of the masks of clips only the two that need no more than a draw or a sort are here: every step reads its
 * mask as data, so that a port can train with masks that it cannot draw. `flow-warped` above all is
 * held to its formula by `spec/masking/flow-warped.test.ts`.
 */
export const FUNCTION_NAMES = [
  'random.philox',
  'mask.tube',
  'mask.topk',
  'mask.text',
  'retrieval.rank',
  'state.start',
  'state.resize',
  'patchify',
  'target.cube',
  'loss.mae',
  'loss.infonce',
  'optim.adamw',
  'model.forward',
  'model.space_time',
  'model.text',
  'step',
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
