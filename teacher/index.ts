export type { Aligner } from './aligner.js';
