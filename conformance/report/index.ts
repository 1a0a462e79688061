export * from './compare.js';
export * from './file.js';
export * from './junit.js';
export * from './markdown.js';
export * from './record.js';
export * from './rejudge.js';
export * from './report.js';
