/**
 * Programs executed the obvious way, and the bounds of what a legal backend may compute. Programs come
 * in; speed stays out: what is here is short enough to be read.
 */
export type { Arithmetic, Run } from './arithmetic.js';
export { InterpreterBackend, REFERENCE } from './backend.js';
export { type Bounds, type BoundsOptions, bounds, type FloatBounds } from './bounds.js';
export { type CentralDifferencesOptions, centralDifferences } from './central-differences.js';
export {
  type InfoNceInput,
  type InfoNceResult,
  infoNceClosedForm,
} from './closed-forms/info-nce.js';
export { type MaeResult, maeClosedForm } from './closed-forms/mae.js';
export { type ClosedFormTargetKind, targetsClosedForm } from './closed-forms/targets.js';
export { DOUBLE_DOUBLE, type Doubled } from './double-double.js';
export { erf } from './erf.js';
export { type Float32Options, float32, SUMMATIONS, type Summation } from './float32.js';
export { FLOAT64 } from './float64.js';
export { type InterpretOptions, interpret, interpretIn } from './interpret.js';
export { Interpreter, type Meanings } from './interpreter.js';
export type { IntervalColumn } from './interval-column.js';
export { Intervals } from './intervals.js';
export { LIBRARY } from './library-functions.js';
export { perturbed } from './perturbed.js';
export {
  type Application,
  PRIMITIVES,
  type Primitives,
  type Rule,
} from './primitives/index.js';
export type { ExactTensor, FloatTensor, Tensor } from './tensor.js';
