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

/** A reduction over any axes. */
export interface ReduceCluster {
  readonly kind: 'reduce';
  readonly members: readonly [string];
}

/** A matrix product, and what is made of each of its elements: the member. */
export interface ProductCluster {
  readonly kind: 'product';
  readonly product: string;
  readonly members: readonly [string];
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
