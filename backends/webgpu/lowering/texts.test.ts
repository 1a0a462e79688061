import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../../core/testing/capability.js';
import { WEBGPU } from '../index.js';
import { type Counted, countedStep } from '../testing/counted-step.js';
import { type NullDevice, openNullDevice } from '../testing/null-device.js';
import type { MatrixUnit } from './kernels/matrix-unit.js';
import type { LoweringOptions } from './lower.js';

const unit: MatrixUnit = { component: 'f16', rows: 16, columns: 16, depth: 16, lanes: 32 };
const single: MatrixUnit = { component: 'f32', rows: 8, columns: 8, depth: 8, lanes: 64 };
/** What GPUs are lowered for that are not here. */
const WAYS: Readonly<Record<string, Partial<LoweringOptions>>> = {
  'in f32': {},
  'of f16': { factors: 'f16' },
  'by units of f16, in subgroups of 32 (NVIDIA)': { factors: 'f16', matrixUnit: unit },
  'by units of f16, in subgroups of up to 64 (AMD)': {
    factors: 'f16',
    matrixUnit: { ...unit, lanes: 64 },
  },
  'by units of f32 (Apple)': { matrixUnit: single },
  'of f32 rounded to f16, by units of f32 (Apple)': { factors: 'quantized', matrixUnit: single },
};

const probe = await WEBGPU.probe({ device: 'swiftshader' });
const missing = probe.available ? undefined : probe.reason;

describe.skipIf(!capable('webgpu, Dawn', missing))('Dawn takes every kernel of a step', () => {
  let device: NullDevice;
  beforeAll(async () => {
    device = await openNullDevice();
  });
  afterAll(() => device.destroy());

  it.each(
    Object.keys(WAYS).flatMap((way) => (['tgm', 'mac'] as Counted[]).map((name) => [way, name])),
  )(
    '%s: %s',
    async (way, name) => {
      const { lowered } = countedStep(name as Counted, WAYS[way]);
      const texts = new Set(lowered.kernels.map(({ code }) => code));
      expect(texts.size).toBeGreaterThan(50);
      const byUnits = [...texts].filter((code) =>
        code.includes('subgroupMatrixMultiplyAccumulate'),
      );
      if (way.includes('by units')) expect(byUnits.length).toBeGreaterThan(10);
      else expect(byUnits).toEqual([]);
      for (const code of texts) expect(await device.refusals(code)).toEqual([]);
    },
    60_000,
  );

  it('and says what is wrong with one', async () => {
    const [message] = await device.refusals(
      '@compute @workgroup_size(1) fn main() {\n  half(1);\n}',
    );
    expect(message).toMatch(/line 2: unresolved call target 'half'/);
  });
});
