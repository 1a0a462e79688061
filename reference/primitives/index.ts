import type { PrimitiveName } from '../../spec/program/index.js';
import { ELEMENTWISE } from './elementwise.js';
import { INDEXING } from './indexing.js';
import { MATMUL } from './matmul.js';
import { REDUCE } from './reduce.js';
import type { Rules } from './rule.js';
import { SHAPE } from './shape.js';

export type { Application, Rule } from './rule.js';

export type Primitives = Rules<PrimitiveName>;

/** What every primitive does. */
export const PRIMITIVES: Primitives = {
  ...ELEMENTWISE,
  ...REDUCE,
  ...MATMUL,
  ...SHAPE,
  ...INDEXING,
};
