import type { HostTensor } from '../../core/backend.js';
import { elementCount, type Shape } from '../../spec/index.js';
import type { Fixture } from './read-fixture.js';

/** A float64 tensor; a number makes a scalar. */
export function float64(data: number | Float64Array, shape: Shape = []): HostTensor {
  return { dtype: 'f64', shape, data: typeof data === 'number' ? Float64Array.of(data) : data };
}

export function zeros(shape: Shape): HostTensor {
  return float64(new Float64Array(elementCount(shape)), shape);
}

/** A float64 tensor of a fixture. */
export function stored(fixture: Fixture, name: string): HostTensor {
  const { data, shape } = fixture.float64(name);
  return float64(data, shape);
}

/** The positions of `value` in each row of a mask [B, N], ascending, as i32 [B, count]. */
export function maskIndices(fixture: Fixture, name: string, value: 0 | 1): HostTensor {
  const mask = fixture.tensors.get(name);
  const [batch, tokens] = mask?.shape ?? [];
  if (mask?.dtype !== 'BOOL' || batch === undefined || tokens === undefined) {
    throw new Error(`${name} is no mask`);
  }
  const found = [...mask.data.keys()].filter((i) => mask.data[i] === value);
  const data = Int32Array.from(found, (i) => i % tokens);
  return { dtype: 'i32', shape: [batch, data.length / batch], data };
}
