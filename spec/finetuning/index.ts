export * from './classifier.js';
export * from './mix.js';
export * from './soft-labels.js';
