import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../conformance/index.js';
import { testBackend } from '../../conformance/vitest.js';
import { LacunaError } from '../../spec/errors.js';
import { openWebgpu, SOFTWARE, WEBGPU } from './index.js';
import { testFactors } from './testing/mixed-factors.js';

const probe = await WEBGPU.probe({ device: 'swiftshader' });
const way = {
  name: 'webgpu in mixed precision',
  missing: probe.available ? undefined : probe.reason,
  open: () => openWebgpu({ device: 'swiftshader', precision: 'mixed', tiling: SOFTWARE }),
};

// Products, of which all else in mixed precision is made: `mixed-precision.long.test.ts` has attention, losses, a step and a
// trajectory, and other tiles. Of fewer cases too few elements could be judged, since rounded factors leave wide bounds.
testBackend(way.name, way.open, {
  missing: way.missing,
  cases: 30,
  checks: CHECKS.filter(({ id }) => id.startsWith('primitive/matmul')),
});
testFactors(way);

describe('the option precision', () => {
  it('is refused by a value that the backend does not know', async () => {
    const options = { device: 'swiftshader', precision: 'f8' } as never;
    await expect(WEBGPU.open(options)).rejects.toThrow(LacunaError);
    await expect(WEBGPU.open(options)).rejects.toThrow(/precision.*f8.*one of f32, mixed/s);
    // A slip of the finger is no absence.
    await expect(WEBGPU.probe(options)).rejects.toThrow(/precision/);
  });
});
