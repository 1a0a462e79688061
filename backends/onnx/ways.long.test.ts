import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backendSubject, CHECKS } from '../../conformance/index.js';
import { OnnxBackend } from './index.js';

/** What options other than the defaults lower in another way. */
const WAYS = [
  {
    name: 'elementwise composites in chunks of 4 elements',
    options: { chunkElements: 4 },
    families: /^(composite\/(adamw|gelu_grad)|relation\/plans$)/,
  },
  {
    name: 'elementwise composites whole, as on a GPU',
    options: { chunkElements: 0 },
    families: /^(composite\/(adamw|gelu_grad)|relation\/plans$)/,
  },
  {
    name: 'attention head by head, and in blocks of its queries',
    options: { chunkElements: 4, blocksFrom: 1, threads: 1 },
    families: /^composite\/attention/,
  },
  {
    name: 'products row by row',
    options: { chunkElements: 65_536, productRows: 1, threads: 1 },
    families: /^(primitive\/matmul|gradient\/block)/,
  },
  {
    name: 'no product with a transposed left operand',
    options: { chunkElements: 65_536, turnedFrom: 1, threads: 1 },
    families: /^(primitive\/matmul|gradient\/block|step\/joint|relation\/plans$)/,
  },
  {
    name: 'standard operators only',
    options: { standardOnly: true, optimization: 'disabled' as const },
    families: /^(primitive\/matmul|composite\/attention)/,
  },
];

for (const { name, options, families } of WAYS) {
  describe(`onnx with ${name} conforms`, () => {
    let backend: OnnxBackend;
    beforeAll(async () => {
      backend = await OnnxBackend.open({ ...options, threads: 1 });
    });
    afterAll(async () => backend.dispose());

    const chosen = CHECKS.filter(({ id }) => families.test(id));
    it.each(chosen.map((check) => [check.id, check] as const))('%s', async (_, check) => {
      for (const double of [false, true]) {
        const { verdict, reason, failure } = await check.run(backendSubject(backend), { double });
        expect(verdict, reason ?? JSON.stringify(failure)).toBe('pass');
      }
    });

    it('in at least two families', () => {
      expect(chosen.length).toBeGreaterThan(1);
    });
  });
}
