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

const elementwise =
  'add sub mul div min max neg exp log sqrt rsqrt erf tanh compare and or not is_finite select cast';
const others =
  'reduce_sum reduce_max matmul reshape transpose broadcast slice pad concat gather scatter_add iota constant';

describe('what derives from the table of facts', () => {
  it('is the names of all primitives, and of those of each class', () => {
    const joined = (names: readonly string[]): string => names.join(' ');
    expect(joined(PRIMITIVE_NAMES)).toBe(`${elementwise} ${others}`);
    expect(joined(PRIMITIVE_NAMES.filter(isElementwiseName))).toBe(elementwise);
    expect(joined(PRIMITIVE_NAMES.filter(isUnaryName))).toBe(
      'neg exp log sqrt rsqrt erf tanh not is_finite',
    );
    expect(joined(PRIMITIVE_NAMES.filter(isBinaryName))).toBe('add sub mul div min max and or');
    expect(joined(FUNCTION_NAMES)).toBe('exp log sqrt rsqrt erf tanh');
    expect(joined(ACCURACY_NAMES)).toBe('div sqrt rsqrt exp log erf tanh');
    expect(isPrimitiveName('constructor')).toBe(false);
  });

  it('is the accuracy that contracts grant, at any argument', () => {
    const granted = (contract: 'f32-ieee' | 'f32-wgsl', low: number, high = low): string[] =>
      ACCURACY_NAMES.map((name) => {
        const { ulps, absolute } = CONTRACTS[contract].accuracy[name](low, high);
        return absolute === 0 ? `${ulps}` : `${ulps} or 2^${Math.log2(absolute)}`;
      });
    expect(granted('f32-ieee', 1)).toEqual(['0.5', '0.5', '2', '3', '3', '16', '5']);
    expect(granted('f32-wgsl', -8, 4)).toEqual(['2.5', '5', '2', '19', '3 or 2^-21', '16', '5']);
    expect(granted('f32-wgsl', 3)).toEqual(['2.5', '5', '2', '9', '3', '16', '5']);
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
