import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../conformance/index.js';
import { testBackend } from '../../conformance/vitest.js';
import { capable } from '../../core/testing/capability.js';
import { WEBGPU } from './index.js';
import { openEmulated, UNITS } from './testing/emulated-backend.js';
import type { EmulatedUnits } from './testing/emulated-units.js';
import { type ExactProduct, wrongElements } from './testing/exact-products.js';
import { testFactors } from './testing/mixed-factors.js';
import { SMALL } from './testing/small-tiles.js';

const probe = await WEBGPU.probe({ device: 'swiftshader' });
const missing = probe.available ? undefined : probe.reason;

const oblong: EmulatedUnits = {
  subgroups: { most: 16, own: 16 },
  units: [{ M: 8, N: 16, K: 4, component: 'f16' }],
};
const WAYS = [
  { name: 'of f16', precision: 'mixed', units: UNITS.f16 },
  { name: 'of f16, 8 x 16 x 4', precision: 'mixed', units: oblong },
  { name: 'of f32', precision: 'f32', units: UNITS.f32 },
  { name: 'of f32 for rounded factors', precision: 'mixed', units: UNITS.f32 },
] as const;

for (const { name, precision, units } of WAYS) {
  const open = () => openEmulated(units, precision);
  const checks = CHECKS.filter(({ id }) => id.startsWith('primitive/matmul'));
  testBackend(`webgpu by emulated units ${name}`, open, { missing, checks, cases: 10 });
  if (precision === 'mixed') {
    testFactors({ name: `webgpu by emulated units ${name}`, missing, byUnits: true, open });
  }
}

const PRODUCTS: readonly (ExactProduct & { readonly what: string })[] = [
  { what: 'edges on all sides', m: 37, n: 51, terms: 45 },
  { what: 'whole tiles', m: 32, n: 32, terms: 32 },
  { what: 'sums in parts, and of columns', m: 19, n: 12, terms: 520, termsFirst: true },
  { what: 'one unit', m: 8, n: 8, terms: 8 },
];
/** Several matrices down and across, of which results go through memory in strips. */
const STRIPS = { ...SMALL, units: { subgroups: [2, 2], matrices: [2, 4], depth: 16 } } as const;

describe.skipIf(!capable('webgpu, emulated units', missing))('products of integers', () => {
  describe.each([
    ['f32', [8, 16, 32, 64]],
    ['f16', [4, 8, 32, 64]],
  ] as const)('by units of %s, subgroups of up to 64', (component, sizes) => {
    it.each(sizes)('of which they have %i lanes', async (own) => {
      const precision = component === 'f16' ? 'mixed' : 'f32';
      const units: EmulatedUnits = {
        subgroups: { most: 64, own },
        units: [{ M: 8, N: 8, K: 8, component }],
      };
      const backend = await openEmulated(units, precision);
      for (const { what, ...product } of PRODUCTS) {
        const { wrong, texts } = await wrongElements(backend, product);
        expect(texts.join(), what).toContain('subgroupMatrixMultiplyAccumulate');
        expect(wrong, what).toBe(0);
      }
      await backend.dispose();
    });
  });

  it.each(['f16', 'f32'] as const)(
    'by units of %s, many matrices a subgroup',
    async (component) => {
      const precision = component === 'f16' ? 'mixed' : 'f32';
      const backend = await openEmulated(UNITS[component], precision, STRIPS);
      const { wrong, texts } = await wrongElements(backend, { m: 70, n: 100, terms: 40 });
      expect(texts[0]).toContain('c_1_3');
      expect(wrong).toBe(0);
      await backend.dispose();
    },
  );
});
