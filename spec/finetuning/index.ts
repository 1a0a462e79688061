export * from './classifier.js';
export * from './mix.js';
export * from './rand-augment.js';
export * from './random-erasing.js';
export * from './recipes.js';
export * from './repeats.js';
export * from './soft-labels.js';
