import { LacunaError } from '../../spec/errors.js';
import { elementCount } from '../../spec/program/index.js';
import {
  copier,
  type ExactTensor,
  exactZeros,
  isUnsure,
  offsets,
  strides,
  zeros,
} from '../tensor.js';
import { fill } from './fill.js';
import { exactOperand, floatOperand, floatZeros, operand, type Rule, type Rules } from './rule.js';

/** out[b, k, ...] = x[b, indices[b, k], ...] */
const gather: Rule<'gather'> = ({ arithmetic, operands, attributes: { batch }, type }) => {
  const [x, indices] = [operand(operands, 0), exactOperand(operands, 1)];
  const extent = x.shape[batch] as number;
  const row = elementCount(x.shape.slice(batch + 1));
  const chosen = indices.data.length / Math.max(elementCount(x.shape.slice(0, batch)), 1);
  const out = zeros(arithmetic, type);
  const copy = copier(arithmetic, out, x);
  indices.data.forEach((_, k) => {
    const source = Math.floor(k / chosen) * extent + indexAt(indices, k, extent);
    for (let j = 0; j < row; j++) copy(k * row + j, source * row + j);
  });
  return out;
};

/** out[b, i, ...] = the sum of updates[b, k, ...] over all k with indices[b, k] = i */
const scatter_add: Rule<'scatter_add'> = ({ arithmetic, operands, attributes, type }) => {
  const [indices, updates] = [exactOperand(operands, 0), floatOperand(operands, 1)];
  const { batch, size } = attributes;
  const batches = elementCount(indices.shape.slice(0, batch));
  const row = elementCount(updates.shape.slice(indices.shape.length));
  const perBatch = indices.data.length / Math.max(batches, 1);
  const hits = Array.from({ length: batches * size }, (): number[] => []);
  indices.data.forEach((_, k) => {
    const place = Math.floor(k / perBatch) * size + indexAt(indices, k, size);
    hits[place]?.push(k * row);
  });
  const out = floatZeros(arithmetic, type);
  hits.forEach((starts, place) => {
    const terms = Int32Array.from(starts);
    for (let j = 0; j < row; j++) {
      arithmetic.sum(out.column, place * row + j, updates.column, j, terms);
    }
  });
  return out;
};

const iota: Rule<'iota'> = ({ attributes: { shape, axis }, type }) => {
  const out = exactZeros(type);
  const steps = strides(shape).map((_, other) => (other === axis ? 1 : 0));
  out.data.set(offsets(shape, steps));
  return out;
};

const constant: Rule<'constant'> = ({ arithmetic, attributes: { data }, type }) =>
  fill(arithmetic, type, data);

export const INDEXING: Rules<'gather' | 'scatter_add' | 'iota' | 'constant'> = {
  gather,
  scatter_add,
  iota,
  constant,
};

function indexAt(indices: ExactTensor, k: number, extent: number): number {
  const index = indices.data[k] as number;
  if (isUnsure(indices, k)) {
    throw new LacunaError({ what: `index ${k} depends on a comparison too close to call` });
  }
  if (index < 0 || index >= extent) {
    throw new LacunaError({
      what: `index ${k} is out of range`,
      got: String(index),
      expected: `within [0, ${extent})`,
    });
  }
  return index;
}
