import { describe, expect, it } from 'vitest';
import { ONNX, PROVIDERS } from '../index.js';

describe('probing the providers', () => {
  it('finds the CPU', async () => {
    expect(await ONNX.probe({ threads: 1 })).toEqual({ available: true, device: 'CPU, 1 thread' });
  });

  it('answers for the GPU providers with a device or with one plain sentence', async () => {
    for (const device of PROVIDERS.slice(1)) {
      const probe = await ONNX.probe({ device });
      if (probe.available) expect(probe.device).not.toBe('');
      else expect(probe.reason).toMatch(/^ONNX Runtime [^\n]+ needs [^\n]+\.$/);
    }
  });

  it('cannot open what the probe does not find', async () => {
    const absent = [];
    for (const device of PROVIDERS) {
      if (!(await ONNX.probe({ device })).available) absent.push(device);
    }
    for (const device of absent) await expect(ONNX.open({ device })).rejects.toThrow('needs');
  });

  it('lists the providers for an unknown one', async () => {
    await expect(ONNX.open({ device: 'tpu' })).rejects.toThrow(
      'got tpu, expected one of cpu, cuda, webgpu',
    );
    await expect(ONNX.probe({ device: 'tpu' })).rejects.toThrow('no device of this name');
  });
});
