import { testBackend } from '../../conformance/vitest.js';
import { WEBGPU } from './index.js';

// SwiftShader, whatever GPU there is: the same kernels, on every machine.
const probe = await WEBGPU.probe({ device: 'swiftshader' });
testBackend('webgpu', () => WEBGPU.open({ device: 'swiftshader' }), {
  missing: probe.available ? undefined : probe.reason,
});
