import { TESTED_LONG } from '../../conformance/test-cases.js';
import { testBackend } from '../../conformance/vitest.js';
import { WEBGPU } from './index.js';

// As in `conformance.test.ts`.
const probe = await WEBGPU.probe({ device: 'swiftshader' });
testBackend('webgpu', () => WEBGPU.open({ device: 'swiftshader' }), {
  missing: probe.available ? undefined : probe.reason,
  checks: TESTED_LONG,
});
