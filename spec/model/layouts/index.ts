export * from './bert-hf.js';
export * from './clip-text-hf.js';
export * from './clip-vision-hf.js';
export * from './layout.js';
export * from './videomae-hf.js';
export * from './videomae-mcg.js';
export * from './vit-hf.js';
