export { exp } from './exp.js';
export { log } from './log.js';
export { pow, powInteger } from './pow.js';
export { cos, sin } from './trigonometry.js';
