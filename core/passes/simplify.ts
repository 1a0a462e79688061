import type { Program } from '../../spec/program/index.js';
import { shareCommonSubexpressions } from './common-subexpressions.js';
import { foldConstants } from './constants.js';
import { removeDeadCode } from './dead-code.js';

/** The same results with fewer operations: literals folded, repeated and unneeded operations gone. */
export function simplify(program: Program): Program {
  return removeDeadCode(shareCommonSubexpressions(foldConstants(program)));
}
