import { LacunaError } from '../../spec/errors.js';
import type { Browser } from './browser.js';

/** The browser's GPU. @throws LacunaError that tells the visitor what to do where there is none. */
export async function requireGpu({
  navigator: { gpu },
  isSecureContext,
}: Pick<Browser, 'navigator' | 'isSecureContext'>): Promise<GPU> {
  if (!isSecureContext) {
    throw new LacunaError({
      what: 'browsers grant WebGPU to pages over HTTPS and of the same machine only',
      fix: 'Open this page as http://localhost with its port, on a phone by way of `adb reverse`, or put a proxy with HTTPS before it and start `lacuna serve` with --name.',
    });
  }
  if (gpu === undefined) {
    throw new LacunaError({
      what: 'this browser has no WebGPU, or has it switched off',
      fix: 'Take a current Chrome, Edge, Safari or Firefox; in Chrome on Linux, switch on chrome://flags/#enable-unsafe-webgpu.',
    });
  }
  if ((await gpu.requestAdapter()) === null) {
    throw new LacunaError({
      what: 'this browser has WebGPU, but finds no GPU that it may use',
      fix: "Switch on hardware acceleration in the browser's settings and update the graphics driver; in Chrome and Edge, chrome://gpu says what is missing.",
    });
  }
  return gpu;
}
