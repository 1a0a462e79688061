import type { HostTensor, Named } from '../core/backend.js';
import {
  elementCount,
  type Init,
  type Program,
  RandomStream,
  type StateSpec,
  sampleWord,
} from '../spec/index.js';
import { makeTable } from '../spec/model/tables.js';
import { fillNormal, fillTruncatedNormal, fillUniform } from '../spec/random/fill.js';

/**
 * How a state tensor starts: a function of the seed and its name, by stream `parameter` with the
 * name's digest as the sample word. Two models that share a name and a shape share its start.
 */
export function initialTensor({ name, shape, init }: StateSpec, seed: number): HostTensor {
  const data = new Float32Array(elementCount(shape));
  fill(data, init, new RandomStream({ seed, stream: 'parameter', sample: sampleWord(name) }));
  return { dtype: 'f32', shape, data };
}

/** The initial state by name. Each tensor is made when it is read, so that all never exist at once. */
export function initialState(specs: readonly StateSpec[], seed: number): Named<HostTensor> {
  return onDemand(specs.map((spec) => [spec.name, () => initialTensor(spec, seed)]));
}

/** The tables that the programs' inputs of role `constant` name, made when read. */
export function tablesOf(programs: readonly Program[]): Named<HostTensor> {
  return onDemand(
    programs
      .flatMap(({ inputs }) => inputs)
      .filter(({ role }) => role === 'constant')
      .map(({ name, shape, source = '' }) => [
        name,
        () => ({ dtype: 'f32', shape, data: makeTable(source) }),
      ]),
  );
}

/** An object whose values are made anew each time that they are read. */
export function onDemand<T>(entries: readonly (readonly [string, () => T])[]): Named<T> {
  const named: Record<string, T> = {};
  for (const [name, make] of entries) {
    Object.defineProperty(named, name, { get: make, enumerable: true, configurable: true });
  }
  return named;
}

function fill(out: Float32Array, init: Init, stream: RandomStream): void {
  switch (init.kind) {
    case 'constant':
      out.fill(init.value);
      return;
    case 'uniform':
      fillUniform(stream, out, -init.bound, init.bound);
      return;
    case 'normal':
      if (init.cut === undefined) fillNormal(stream, out, init.std);
      else fillTruncatedNormal(stream, out, init.std, init.cut);
      return;
    default:
      init satisfies never;
  }
}
