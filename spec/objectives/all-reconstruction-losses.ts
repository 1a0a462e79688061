/** Losses of reconstruction, exported by their names in configurations. To add one: its line here. */
export { maeLoss as 'mean-squared' } from './mae.js';
