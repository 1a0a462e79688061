/** Every mask kind, exported by its name in configurations and manifests. To add one: its line here. */
export { flowWarped as 'flow-warped' } from './flow-warped.js';
export { motionGuided as 'motion-guided' } from './motion-guided.js';
export { random } from './random.js';
export { randomPerSlot as 'random-per-slot' } from './random-per-slot.js';
export {
  textGuided as 'text-guided',
  textGuidedBottom as 'text-guided-bottom',
} from './text-guided.js';
export { tube } from './tube.js';
