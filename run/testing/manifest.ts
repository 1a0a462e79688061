import type { RunManifest } from '../manifest.js';
import type { RunSettings } from '../settings/config.js';

/** The manifest of a run that nobody has run. */
export function testManifest(settings: RunSettings): RunManifest {
  return {
    format: 1,
    lacuna: 'test',
    created: '2026-01-01T00:00:00.000Z',
    settings,
    backend: { name: 'none', version: '0', device: 'cpu', contract: 'none', deterministic: true },
    node: 'v20',
    platform: 'test',
    data: { clips: 4, digest: '00' },
    vocabulary: 300,
    tokens: { visible: 16, masked: 16 },
    parameters: 1,
    programs: {},
  };
}
