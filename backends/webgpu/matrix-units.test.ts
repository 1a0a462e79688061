import { describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { openSwiftShader } from './device/dawn.js';
import { openRuntime, searchTilings, WEBGPU } from './index.js';
import { openEmulated, openRanged, UNITS } from './testing/emulated-backend.js';
import { emulatedUnits } from './testing/emulated-units.js';
import { type ExactProduct, wrongElements } from './testing/exact-products.js';
import { testFactors } from './testing/mixed-factors.js';

const probe = await WEBGPU.probe({ device: 'swiftshader' });
const missing = probe.available ? undefined : probe.reason;

testFactors({
  name: 'webgpu in mixed precision, by emulated units of f16',
  missing,
  byUnits: true,
  open: () => openEmulated(UNITS.f16, 'mixed'),
});

/** Edges on all sides, tiles down and across; `matrix-units.long.test.ts` has all sizes of subgroups, parts of sums, both components. */
const PRODUCT: ExactProduct = { m: 19, n: 22, terms: 21, termsFirst: true };

describe.skipIf(!capable('webgpu, emulated units', missing))('emulated units of f32', () => {
  it('multiply and sum columns exactly, by subgroups smaller than planned for', async () => {
    const backend = await openRanged('f32');
    expect(backend.info.device).toMatch(/, products of f32, by units of 4x4x4$/);
    const { wrong, texts } = await wrongElements(backend, PRODUCT);
    expect(texts).toHaveLength(1);
    expect(texts[0]).toContain('subgroupMatrixMultiplyAccumulate');
    expect(wrong).toBe(0);
    await backend.dispose();
  });

  it('multiply what mixed precision rounds, where there are none of f16', async () => {
    const backend = await openEmulated(UNITS.f32, 'mixed');
    expect(backend.runtime.factors).toBe('quantized');
    expect(backend.info.device).toMatch(/, products of f32 rounded to f16, by units of 8x8x8$/);
    await backend.dispose();
  });

  it.each([
    ['multiply fewer bits than f32 has', { cutsFactors: true }],
    ['are told of, and refused', { refusesUnits: true }],
  ] as const)('that %s are left out', async (_, what) => {
    const { gpu } = await openSwiftShader();
    const exact = await openRuntime(emulatedUnits(gpu, UNITS.f32));
    expect(exact.matrixUnit).toEqual({
      component: 'f32',
      rows: 8,
      columns: 8,
      depth: 8,
      lanes: 64,
    });
    await exact.dispose();
    const runtime = await openRuntime(emulatedUnits(gpu, { ...UNITS.f32, ...what }));
    expect(runtime.matrixUnit).toBeUndefined();
    await runtime.dispose();
  });

  it('are left alone where that is asked for', async () => {
    const { gpu } = await openSwiftShader();
    const runtime = await openRuntime(emulatedUnits(gpu, UNITS.f32), { matrixUnits: false });
    expect(runtime.matrixUnit).toBeUndefined();
    await runtime.dispose();
    expect(WEBGPU.devices).toContain('gpu-lanes');
    await expect(WEBGPU.probe({ device: 'gpu-units' })).rejects.toThrow(
      /gpu, gpu-lanes, swiftshader/,
    );
  });

  it('leave no tiling to measure', async () => {
    const backend = await openEmulated(UNITS.f32);
    const { runtime, tiling } = backend;
    await expect(searchTilings(runtime, '', tiling)).rejects.toThrow(/matrix units multiply/);
    await backend.dispose();
  });
});
