export * from './info-nce.js';
export * from './mae.js';
export * from './targets.js';
