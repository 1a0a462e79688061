import { testBackend } from '../../conformance/vitest.js';
import { TFJS } from './index.js';

// `cpu` is TensorFlow itself, through the binding that `cuda` has too; `conformance.long.test.ts` has the other devices.
for (const device of ['cpu', 'cuda'] as const) {
  const probe = await TFJS.probe({ device });
  const missing = probe.available ? undefined : probe.reason;
  if (device === 'cuda' && missing !== undefined) continue; // said in README.md, "Not run here"
  testBackend(device === 'cpu' ? 'tfjs' : `tfjs-${device}`, () => TFJS.open({ device }), {
    missing,
  });
}
