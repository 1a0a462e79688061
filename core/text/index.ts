export * from './digest.js';
export * from './parse.js';
export { printProgram } from './print.js';
export * from './print-composites.js';
