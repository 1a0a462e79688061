import { describe, expect, it } from 'vitest';
import type { Backend } from '../../core/backend.js';
import { float32, LIBRARY } from '../../reference/index.js';
import { BFLOAT16, roundTo } from '../../spec/contracts/index.js';
import type { FunctionName } from '../../spec/program/index.js';
import { CHECKS } from '../checks.js';
import { formatReport } from '../report/report.js';
import { checkBackend, runChecks } from '../run-checks.js';
import { backendSubject } from '../subject.js';
import { FAULTY_FLEET } from './faulty.js';
import { ARITHMETIC_FAULTS } from './faulty-arithmetic.js';
import { COMPOSITE_FAULTS } from './faulty-composites.js';
import { PRIMITIVE_FAULTS } from './faulty-primitives.js';
import { type FleetMember, float32Backend, LEGAL_FLEET } from './legal.js';
import { expectLegal, FIRST_LEGAL } from './testing/expect-legal.js';

const { fround } = Math;
const erf = LIBRARY.erf.value;

describe('a legal backend passes everything', () => {
  // One under each contract: `fleet.long.test.ts` has the others.
  it.each([...FIRST_LEGAL])('$name', expectLegal);

  it.each([
    ['sums in order', /^(step\/(mae|joint)|relation)/],
    // The step that showed that the order counts.
    ['sums and products regrouped, as WGSL allows', /^step\/contrastive/],
  ])('whole steps, too: %s', async (wanted, ids) => {
    const { open } = LEGAL_FLEET.find(({ name }) => name === wanted) as FleetMember;
    const checks = CHECKS.filter(({ id }) => ids.test(id));
    const report = await checkBackend(open(), { checks });
    expect(report.ok, formatReport(report)).toBe(true);
  });

  it('there are at least twelve of them', () => {
    expect(new Set(LEGAL_FLEET.map(({ name }) => name)).size).toBeGreaterThanOrEqual(12);
    expect(FIRST_LEGAL.size).toBeGreaterThanOrEqual(5);
  });
});

/** That one of the checks whose ids begin so fails a backend: the first is enough, and what it found is not made smaller. */
async function expectFound(backend: Backend, foundBy: string): Promise<void> {
  const verdicts: string[] = [];
  for (const { id, run } of CHECKS.filter((check) => check.id.startsWith(foundBy))) {
    const { verdict } = await run(backendSubject(backend), { verdictOnly: true });
    if (verdict === 'fail') return;
    verdicts.push(`${id}: ${verdict}`);
  }
  expect.fail(`no check finds it\n${verdicts.join('\n')}`);
}

/** A backend that claims the contract of common libraries. */
function asLibrary(backend: Backend): Backend {
  const info = { ...backend.info, contract: 'f32-libm' } as const;
  return new Proxy(backend, {
    get: (target, name) => {
      if (name === 'info') return info;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

describe('the contract of common libraries hides none of the mistakes', () => {
  const numeric = [...ARITHMETIC_FAULTS, ...PRIMITIVE_FAULTS, ...COMPOSITE_FAULTS];
  it.each(numeric)('$name', async ({ open, foundBy }) => {
    await expectFound(asLibrary(open()), foundBy);
  });

  // Wrong by little more than the grant, in an operation and in what is executed whole.
  it.each<[string, FunctionName, (x: number) => number, string]>([
    [
      'a root by one step of Newton',
      'sqrt',
      (x) => fround(x * fround(1 / Math.sqrt(x)) * (1 + 2 ** -23)),
      'primitive/sqrt',
    ],
    ['a root of bf16', 'sqrt', (x) => roundTo(Math.sqrt(x), 8, -126), 'primitive/sqrt'],
    ['erf of absolute error 2^-21', 'erf', (x) => erf(x) + 2 ** -21, 'primitive/erf'],
    ['erf of absolute error 2^-18', 'erf', (x) => erf(x) + 2 ** -18, 'composite/gelu'],
  ])('%s is none of it', async (_, wrong, apply, filter) => {
    const exact = float32({ summation: 'pairwise' });
    const library: typeof exact.library = (name, out, x, i) => {
      if (name === wrong) out[i] = apply(x[i] as number);
      else exact.library(name, out, x, i);
    };
    const backend = float32Backend('wrong', { ...exact, library }, {}, 'f32-libm');
    await expectFound(backend, filter);
  });
});

describe('the contract of bfloat16 factors', () => {
  const { round } = BFLOAT16;
  const sequential = float32({ summation: 'sequential' });
  const adding: typeof sequential = {
    ...sequential,
    dot: (out, i, a, b, count) => {
      let total = 0;
      for (let k = 0; k < count; k++) {
        const left = round(a.column[a.start + k * a.step] as number);
        const right = round(b.column[b.start + k * b.step] as number);
        total = round(total + left * right);
      }
      out[i] = total;
    },
  };
  it.each([
    [
      'factors of 6 bits',
      float32({ summation: 'sequential', roundFactor: (x) => roundTo(x, 6, -126) }),
    ],
    ['sums kept in bf16', adding],
  ])('%s are none of it', async (_, arithmetic) => {
    const backend = float32Backend('wrong', arithmetic, {}, 'bf16-products');
    await expectFound(backend, 'primitive/matmul');
  });
});

describe('a legal backend whose factors have 8 bits', () => {
  const member = LEGAL_FLEET.find(({ name }) => name === 'factors of products rounded to bf16');
  const attention = CHECKS.filter(({ id }) => id.startsWith('composite/attention'));

  it.each([2, 5, 6, 10, 11])(
    'is judged on attention, not left undecided: seed %i',
    async (seed) => {
      const subject = backendSubject((member as FleetMember).open());
      const { checks } = await runChecks(subject, { checks: attention, seed, cases: 12 });
      expect(checks.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass', 'pass']);
    },
  );
});

describe('a planted fault is found', () => {
  it.each(FAULTY_FLEET)('$name', async ({ open, foundBy }) => {
    await expectFound(open(), foundBy);
  });

  it('as often as there are names: none is planted twice', () => {
    const names = new Set(FAULTY_FLEET.map(({ name }) => name));
    expect(names.size).toBe(FAULTY_FLEET.length);
    expect(FAULTY_FLEET.length).toBeGreaterThanOrEqual(61);
  });
});
