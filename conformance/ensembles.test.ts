import { describe, expect, it } from 'vitest';
import { type Arithmetic, float32 } from '../reference/index.js';
import { roundTo } from '../spec/contracts/index.js';
import { ENSEMBLES } from './ensembles.js';
import { float32Backend, LEGAL_FLEET } from './fleet/legal.js';
import { backendSubject } from './subject.js';

/** Float32 that cuts off what does not fit, as no contract with rounding to nearest allows. */
function cutting(): Arithmetic<Float32Array> {
  const base = float32({ summation: 'sequential' });
  const cut = (x: number): number => {
    const rounded = Math.fround(x);
    return Math.abs(rounded) > Math.abs(x) ? rounded * (1 - 2 ** -24) : rounded;
  };
  const cutTo: typeof base.add = (out, a, b, i) => {
    out[i] = cut((a[i] as number) + (b[i] as number));
  };
  return {
    ...base,
    add: cutTo,
    sub: (out, a, b, i) => {
      out[i] = cut((a[i] as number) - (b[i] as number));
    },
    mul: (out, a, b, i) => {
      out[i] = cut((a[i] as number) * (b[i] as number));
    },
    div: (out, a, b, i) => {
      out[i] = cut((a[i] as number) / (b[i] as number));
    },
    sum: (out, i, x, base_, offsets) => {
      let total = 0;
      for (const offset of offsets) total = cut(total + (x[base_ + offset] as number));
      out[i] = total;
    },
    dot: (out, i, a, b, count) => {
      let total = 0;
      for (let n = 0; n < count; n++) {
        const product =
          (a.column[a.start + n * a.step] as number) * (b.column[b.start + n * b.step] as number);
        total = cut(total + cut(product));
      }
      out[i] = total;
    },
  };
}

describe('ensembles', () => {
  it.each(ENSEMBLES)('$id finds results that are cut off', async ({ run }) => {
    const subject = backendSubject(float32Backend('cutting', cutting()));
    expect((await run(subject, {})).verdict).toBe('fail');
  });

  it('find factors with three bits fewer, cut', async () => {
    const arithmetic = float32({
      summation: 'pairwise',
      roundFactor: (x) => {
        const rounded = roundTo(x, 21, -126);
        return Math.abs(rounded) > Math.abs(x) ? rounded * (1 - 2 ** -20) : rounded;
      },
    });
    const matmul = ENSEMBLES.find(({ id }) => id === 'ensemble/matmul');
    const finding = await matmul?.run(backendSubject(float32Backend('cut', arithmetic)), {});
    expect(finding?.verdict).toBe('fail');
  });

  it.each(LEGAL_FLEET)('pass $name', async ({ open }) => {
    const subject = backendSubject(open());
    for (const seed of [1]) {
      for (const { id, run } of ENSEMBLES) {
        const { verdict, failure } = await run(subject, { seed });
        // Factors that are cut, or rounded to so few bits, promise nothing of a product's mean.
        const isPromised = !id.endsWith('matmul') || subject.info.contract !== 'bf16-products';
        expect(verdict, `${id}: ${failure?.what}`).toBe(isPromised ? 'pass' : 'unsupported');
      }
    }
  });
});
