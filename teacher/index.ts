export type { Aligner } from './aligner.js';
export { fitFrame, resizeBicubic } from './resize.js';
