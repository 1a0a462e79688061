import type { Call } from '../../../spec/program/index.js';

/** Values that one kernel makes (two or three, where a kernel works in stages). */
export type Cluster =
  | MapCluster
  | RowsCluster
  | ReduceCluster
  | ProductCluster
  | ScatterCluster
  | AttentionCluster;

/** Elementwise results of one count: element i of each is made by one invocation. */
export interface MapCluster {
  readonly kind: 'map';
  readonly count: number;
  readonly members: string[];
}

/**
 * Reductions over rows of one length, and what is made of them row by row, in order. A member holds
 * a number a row or as many as the row is long.
 */
export interface RowsCluster {
  readonly kind: 'rows';
  readonly rows: number;
  readonly columns: number;
  readonly members: string[];
}

/** Reductions over the same axes of values of one shape. */
export interface ReduceCluster {
  readonly kind: 'reduce';
  readonly members: [string, ...string[]];
}

/** A matrix product, and what is made of each of its elements: the first member, and others from that. */
export interface ProductCluster {
  readonly kind: 'product';
  readonly product: string;
  readonly members: [string, ...string[]];
  /** A member that holds the sums of the columns of its left operand: see `withColumnSums`. */
  columnSums?: string;
}

/** A scatter-add. */
export interface ScatterCluster {
  readonly kind: 'scatter';
  readonly members: readonly [string];
}

/** Attention over a long sequence, or its gradient: the scores never lie in memory. */
export interface AttentionCluster {
  readonly kind: 'attention';
  readonly call: Call;
  readonly members: readonly string[];
}

/** What one kernel binds: what makes these operands, and so many values beside. */
export interface Bound {
  readonly operands: readonly string[];
  readonly others: number;
}

/** What the kernels of attention, or of its gradient, bind: those that bind most. */
export function boundByAttention({ composite, operands }: Call): readonly Bound[] {
  // The result, and statistics of its rows.
  if (composite === 'attention') return [{ operands, others: 2 }];
  const [q, k, v, o, output] = operands as readonly [string, string, string, string, string];
  return [
    // dk, dv, the statistics, and gradients of scores.
    { operands: [q, k, v, output], others: 4 },
    // The statistics.
    { operands: [o, output], others: 1 },
  ];
}
