export type { Aligner } from './aligner.js';
export { fitFrame, resizeBicubic } from './resize.js';
export { openTower, type TowerOptions } from './tower/open-tower.js';
