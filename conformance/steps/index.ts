export { SKIP_CHECKS } from './scaled-step.js';
export { STEP_CHECKS } from './step-checks.js';
export { TRAJECTORY_CHECKS } from './trajectory.js';
export { STEP_FAMILIES } from './whole-step.js';
