export * from './info-nce.js';
export * from './mae.js';
export * from './reconstruction-losses.js';
export * from './targets.js';
