import { describe, expect, it } from 'vitest';
import { CLAUSES } from '../clauses/index.js';
import { ACCURACY_NAMES, CONTRACTS } from '../contracts/index.js';
import * as program from './index.js';
import {
  FUNCTION_NAMES,
  factsOf,
  isBinaryName,
  isElementwiseName,
  isPrimitiveName,
  isUnaryName,
  PRIMITIVE_NAMES,
} from './index.js';

const CLASSES = {
  unary: 'neg exp log sqrt rsqrt erf tanh not is_finite',
  binary: 'add sub mul div min max and or',
  elementwise: 'compare select cast',
  reduction: 'reduce_sum reduce_max',
  product: 'matmul',
  moved: 'reshape transpose broadcast slice pad concat',
  indexed: 'gather scatter_add',
  made: 'iota constant',
};
/** Of version 1.0; others may have come. */
const FUNCTIONS = 'exp log sqrt rsqrt erf tanh'.split(' ');
const ACCURATE: readonly string[] = 'div sqrt rsqrt exp log erf tanh'.split(' ');

describe('what derives from the table of facts', () => {
  it('is the names of primitives, by class', () => {
    for (const [name, members] of Object.entries(CLASSES)) {
      const own = PRIMITIVE_NAMES.filter((op) => factsOf(op).class === name);
      expect(own.filter((op) => members.split(' ').includes(op)).join(' ')).toBe(members);
      expect(own.filter(isUnaryName)).toEqual(name === 'unary' ? own : []);
      expect(own.filter(isBinaryName)).toEqual(name === 'binary' ? own : []);
      const isElementwise = ['unary', 'binary', 'elementwise'].includes(name);
      expect(own.filter(isElementwiseName)).toEqual(isElementwise ? own : []);
    }
    expect(FUNCTION_NAMES.filter((op) => FUNCTIONS.includes(op))).toEqual(FUNCTIONS);
    expect(ACCURACY_NAMES.filter((op) => ACCURATE.includes(op))).toEqual(ACCURATE);
    expect(FUNCTION_NAMES.every((op) => ACCURACY_NAMES.includes(op) && isUnaryName(op))).toBe(true);
    expect(isPrimitiveName('constructor')).toBe(false);
  });

  it('is the accuracy that contracts grant, at any argument', () => {
    const granted = (contract: 'f32-ieee' | 'f32-wgsl', low: number, high = low): string[] =>
      ACCURACY_NAMES.filter((op) => ACCURATE.includes(op)).map((name) => {
        const { ulps, absolute } = CONTRACTS[contract].accuracy[name](low, high);
        return absolute === 0 ? `${ulps}` : `${ulps} or 2^${Math.log2(absolute)}`;
      });
    expect(granted('f32-ieee', 1)).toEqual(['0.5', '0.5', '2', '3', '3', '16', '5']);
    expect(granted('f32-wgsl', -8, -4)).toEqual(['2.5', '5', '2', '19', '3', '16', '5']);
    expect(granted('f32-wgsl', -1, 1)).toEqual(['2.5', '5', '2', '5', '3 or 2^-21', '16', '5']);
    expect(granted('f32-wgsl', 0, Infinity).slice(3, 5)).toEqual(['Infinity', '3 or 2^-21']);
  });

  it('is a clause of the specification for each', () => {
    const clauses = new Map(CLAUSES.map((clause) => [clause.id, clause]));
    for (const name of PRIMITIVE_NAMES) {
      const { means, formula } = factsOf(name);
      expect(clauses.get(`op.${name}`)).toMatchObject({ text: means, level: 'MUST' });
      expect(clauses.get(`op.${name}`)?.formula).toBe(formula);
    }
  });

  it('is what is written for it by mistake: another primitive of as many operands', () => {
    for (const name of PRIMITIVE_NAMES) {
      for (const other of factsOf(name).mistakenFor ?? []) {
        if (!isPrimitiveName(other)) throw new Error(`${name}: there is no ${other}`);
        expect(other).not.toBe(name);
        expect(factsOf(other).operands).toBe(factsOf(name).operands);
      }
    }
  });
});

describe('an elementwise primitive', () => {
  it('has operands, attributes and a result that fit its class', () => {
    for (const name of PRIMITIVE_NAMES) {
      const facts = factsOf(name);
      if (facts.class !== 'unary' && facts.class !== 'binary') continue;
      expect(facts.operands).toBe(facts.class === 'unary' ? 1 : 2);
      expect(facts.attributes).toEqual({});
      expect(facts.takes === 'bools' ? facts.gives : 'bool').toBe('bool');
    }
  });

  it('has a function of its name that builds it', () => {
    const built = (name: string): string => (name === 'is_finite' ? 'finite' : name);
    const missing = PRIMITIVE_NAMES.filter(isElementwiseName).filter(
      (name) => !(built(name) in program),
    );
    expect(missing).toEqual([]);
  });
});
