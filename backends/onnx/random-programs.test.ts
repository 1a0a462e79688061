import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backendSubject, programCase, runCase } from '../../conformance/index.js';
import { randomInputs } from '../../core/testing/random-inputs.js';
import { randomProgram } from '../../core/testing/random-program.js';
import { OnnxBackend, type OnnxOptions } from './index.js';

const lists = fc.array(fc.nat(), { maxLength: 150, size: 'max' });

/** Rules that see an operation's neighbours meet every neighbour here. */
const WAYS: readonly (OnnxOptions & { readonly double: boolean })[] = [
  { double: true, optimization: 'disabled' },
  { double: true, optimization: 'disabled', standardOnly: true, chunkElements: 4 },
  { double: false, optimization: 'disabled' },
  { double: false },
];

describe('random programs on onnx', () => {
  it.each(WAYS)('stay within the bounds of their contract: %o', async ({ double, ...options }) => {
    const backend = await OnnxBackend.open(options);
    await fc.assert(
      fc.asyncProperty(lists, lists, async (list, data) => {
        const program = randomProgram(list, { tame: true, operations: 15 });
        const runs = [randomInputs(program, data, { tame: true })];
        const subject = backendSubject(backend);
        const result = await runCase(subject, programCase(program, runs), { double });
        expect(result).not.toHaveProperty('failure');
        expect(result).toHaveProperty('elements');
      }),
      { numRuns: 60, seed: 1 },
    );
    await backend.dispose();
  });
});
