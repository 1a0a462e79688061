export * from './contracts.js';
export * from './number-format.js';
export * from './numeric-contract.js';
