export * from './batch-rows.js';
export * from './plan.js';
export * from './plan-runner.js';
export * from './training-plan.js';
