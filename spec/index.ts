export * from './errors.js';
export * from './model/index.js';
export * from './objectives/index.js';
export * from './optim/adamw.js';
export * from './program/index.js';
export * from './random/index.js';
