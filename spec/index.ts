/**
 * What everything means, as plain TypeScript: programs and their primitives, masks, draws, losses, the
 * model, schedules, numeric contracts, clauses. Nothing comes in; nothing here runs on a device or
 * touches a file.
 */
export * from './clauses/index.js';
export * from './contracts/index.js';
export * from './errors.js';
export * from './evaluation/index.js';
export * from './finetuning/index.js';
export * from './masking/index.js';
export * from './model/index.js';
export * as numeric from './numeric/index.js';
export * from './objectives/index.js';
export * from './optim/adamw.js';
export * from './optim/gradient-clipping.js';
export * from './optim/gradient-norm.js';
export * from './optim/lars.js';
export * from './optim/layer-decay.js';
export * from './optim/loss-scaling.js';
export * from './optim/moving-average.js';
export * from './optim/schedule.js';
export * from './program/index.js';
export * from './random/index.js';
export * from './version.js';
