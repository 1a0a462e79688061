export * from './classifier.js';
export * from './mix.js';
export * from './recipes.js';
export * from './soft-labels.js';
