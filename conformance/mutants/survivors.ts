/** Mutants that survive, and why that is right: they compute the same, or nothing can tell. */
export interface Survivor {
  readonly mutants: RegExp;
  readonly reason: string;
}

export const SURVIVORS: readonly Survivor[] = [
  {
    mutants: /^objective\/targets: operation 8 \(sub\): left out/,
    reason:
      'Equivalent but for cubes of one colour, which the check function/target.cube/flat has in its own program.',
  },
  {
    mutants: /(info_nce|infonce).*operation (53|54|55|58|72|73|74|75) .*(place|left out|beside it)/,
    reason:
      'Only an embedding whose squared length equals the eps of the norm to the bit tells it: the branch for ties of max.',
  },
  {
    mutants: /mae: operation [26] \(reduce_sum\): the axis beside it/,
    reason: 'Equivalent: the mean over all axes follows, in whatever order they are reduced.',
  },
  {
    mutants:
      /^finetuning\/(loss: operation 25|clip: operation 1) \(reduce_sum\): the axis beside it/,
    reason: 'Equivalent: the sum over the other axis follows.',
  },
  {
    mutants: /^probe\/lars_decay: operation (19 \(constant\)|20 \(select\))/,
    reason:
      'Equivalent: what stands for a length of 0 is divided by, and the quotient is not looked at.',
  },
  {
    mutants: /^probe\/lars_decay: operation 15 \(compare\): the comparison beside it/,
    reason:
      'Only a gradient that cancels the decay to the bit tells it; the check probe/lars has gradients of 0.',
  },
  {
    mutants: /^probe\/lars\w*: operation \d+ \(reduce_sum\): the axis beside it/,
    reason: 'Equivalent: the sum over all axes follows, in whatever order they are reduced.',
  },
  {
    mutants: /^probe\/batch_norm: operation 5 \(sub\): operands exchanged/,
    reason: 'Equivalent: the difference is squared.',
  },
  {
    mutants: /^probe\/attentive_pooling: operation (11|56) \(add\)/,
    reason: 'Equivalent: a bias of keys adds the same to all scores of a query.',
  },
  {
    mutants: /^function\/(random|mask|erase).*the tail beyond four elements/,
    reason: 'Equivalent: these results have four elements at most, or a multiple of four.',
  },
  {
    mutants: /^function\/mask.*was there before/,
    reason:
      'No two calls of this check in a row have results of one size; the check of counts sees it.',
  },
];
