/**
 * What can be done to a program: differentiate, simplify, plan, print, parse, check, and the contract
 * that a backend signs. Only the specification comes in; no backend is known here.
 */
export { differentiate, type Gradients, pullBack } from './autodiff/differentiate.js';
export * from './backend.js';
export { backendOption } from './backend-option.js';
export { checkProgram } from './check.js';
export * from './group.js';
export * from './limits.js';
export * from './passes/index.js';
export * from './plan/index.js';
export * from './registry.js';
export * from './text/index.js';
