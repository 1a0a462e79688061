export * from './common-subexpressions.js';
export * from './constants.js';
export * from './dead-code.js';
export * from './expand.js';
export * from './recompute.js';
export * from './retype.js';
export * from './rewrite.js';
export * from './simplify.js';
