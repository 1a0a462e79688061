import type { HostTensor } from '../core/backend.js';
import {
  elementCount,
  type Init,
  type ProgramInput,
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

/** The table that an input of role `constant` names as its source. */
export function tableTensor({ shape, source = '' }: ProgramInput): HostTensor {
  return { dtype: 'f32', shape, data: makeTable(source) };
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
