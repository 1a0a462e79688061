import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../core/backend.js';
import { FUNCTION_NAMES, factsOf, PRIMITIVE_NAMES } from '../spec/program/index.js';
import type { Case, Family } from './case.js';
import { ALL_CHECKS } from './checks.js';
import { FAMILIES } from './families/index.js';
import { FUNCTION_FAMILIES } from './functions/index.js';
import { sizesPage } from './sizes-page.js';

/** Cases of a family in a run of the gate, and their seed. */
const GATE = { seed: 1, numRuns: 30 };

const drawn: readonly { readonly family: Family; readonly cases: readonly Case[] }[] = [
  ...FAMILIES,
  ...FUNCTION_FAMILIES,
].map((family) => ({
  family,
  cases: fc.sample(family.parameters, GATE).map((parameters) => family.make(parameters)),
}));

/** Attributes that have one value, and why no other would be a case. */
const FIXED: Readonly<Record<string, string>> = {
  'target.cube float': 'a port is told in which type to compute; the other has no contract yet',
};

describe('in the cases of the gate', () => {
  it('every attribute of an operation, a composite or a function varies', () => {
    const values = new Map<string, Set<string>>();
    for (const { cases } of drawn) {
      for (const { program, call } of cases) {
        for (const operation of program?.operations ?? []) {
          const name = operation.op === 'call' ? operation.composite : operation.op;
          note(values, name, operation.attributes);
        }
        if (call !== undefined) note(values, call.function, call.attributes);
      }
    }
    const constant = [...values]
      .filter(([attribute, seen]) => seen.size < 2 && !(attribute in FIXED))
      .map(([attribute, seen]) => `${attribute} is always ${[...seen].join()}`);
    expect(constant).toEqual([]);
    expect(
      Object.keys(FIXED).filter((attribute) => (values.get(attribute)?.size ?? 2) > 1),
    ).toEqual([]);
  });

  it('every primitive is judged by itself', () => {
    const alone = new Set(FAMILIES.map(({ id }) => id.split('/').slice(0, 2).join('/')));
    expect(PRIMITIVE_NAMES.filter((op) => !alone.has(`primitive/${op}`))).toEqual([]);
  });

  it.each(elementwiseOperands())('%s meets 0 of both signs%s', (name, wild) => {
    const [op = '', index = '0'] = name.split(' ');
    const wanted = wild === '' ? [0, -0] : [0, -0, Number.NaN, Infinity, -Infinity];
    const found = operandData(op, Number(index));
    const missing = wanted.filter(
      (x) => !found.some(({ data }) => data.some((y) => Object.is(x, y))),
    );
    expect(missing).toEqual([]);
  });
});

describe('docs/sizes.md', () => {
  it('is what the cases reach: npx tsx scripts/sizes.ts', () => {
    const file = join(import.meta.dirname, '..', 'docs', 'sizes.md');
    expect(readFileSync(file, 'utf8')).toBe(sizesPage(ALL_CHECKS));
  });
});

function note(values: Map<string, Set<string>>, name: string, attributes: object): void {
  for (const [attribute, value] of Object.entries(attributes)) {
    const key = `${name} ${attribute}`;
    values.set(key, (values.get(key) ?? new Set()).add(JSON.stringify(value)));
  }
}

/** Operands of float primitives; those whose clause speaks of NaN and infinities meet them, too. */
function elementwiseOperands(): [string, string][] {
  const wild = ', NaN and infinities';
  const functions = FUNCTION_NAMES.filter((op) => factsOf(op).domain !== 'positive');
  const one = ['neg', ...functions, 'is_finite', 'reduce_max', 'gather'];
  const moved = PRIMITIVE_NAMES.filter((op) => factsOf(op).class === 'moved');
  const numbers = PRIMITIVE_NAMES.filter((op) => factsOf(op).takes === 'numbers');
  const two = numbers.filter((op) => factsOf(op).operands === 2);
  return [
    ...[...one, ...moved].map((op): [string, string] => [`${op} 0`, wild]),
    ...two.flatMap((op): [string, string][] => [
      [`${op} 0`, wild],
      [`${op} 1`, wild],
    ]),
    ['div 0', wild],
    ['div 1', wild],
    ['select 1', wild],
    ['select 2', wild],
    ['reduce_sum 0', ''],
    ['matmul 0', ''],
    ['matmul 1', ''],
  ];
}

/** All data that an operand of a primitive has where it is an input of a case's program. */
function operandData(op: string, index: number): readonly HostTensor[] {
  return drawn.flatMap(({ cases }) =>
    cases.flatMap(({ program, runs }) =>
      (program?.operations ?? [])
        .filter((operation) => operation.op === op)
        .flatMap(({ operands }) =>
          runs.flatMap((inputs) => inputs[operands[index] ?? ''] ?? []).filter(isFloat),
        ),
    ),
  );
}

function isFloat({ dtype }: HostTensor): boolean {
  return dtype === 'f32';
}
