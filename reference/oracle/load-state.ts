import type { HostTensor } from '../../core/backend.js';
import {
  elementCount,
  type Layout,
  type StateSpec,
  theirTensor,
  toOurs,
} from '../../spec/index.js';
import type { Float64Tensor } from './read-fixture.js';

/**
 * A fixture's tensors (parameters, gradients, updated parameters) under our names, in our layout.
 * Throws where a state tensor has no counterpart or the counterpart has another size.
 */
export function inOurLayout(
  state: readonly Pick<StateSpec, 'name' | 'shape'>[],
  theirs: ReadonlyMap<string, Float64Tensor>,
  layout: Layout,
): Record<string, HostTensor> {
  const unused = new Set(theirs.keys());
  const ours = state.map(({ name, shape }): [string, HostTensor] => {
    const their = theirTensor(layout, name);
    const tensor = their === undefined ? undefined : theirs.get(their.name);
    if (their === undefined || tensor === undefined) throw new Error(`${name} has no counterpart`);
    if (tensor.data.length !== elementCount(shape)) throw new Error(`${name} has another size`);
    unused.delete(their.name);
    const data = toOurs(tensor.data, tensor.shape, their.conversion);
    return [name, { dtype: 'f64', shape, data }];
  });
  if (unused.size > 0) throw new Error(`not in our model: ${[...unused].join(', ')}`);
  return Object.fromEntries(ours);
}
