import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BACKENDS } from '../../backends/registry.js';
import { FIXES } from './fixes.js';

it('what is to be installed is said of devices that there are, and explained in docs/gpu.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/gpu.md'), 'utf8');
  const devices = BACKENDS.all.flatMap(({ name, devices: own }) =>
    own.map((device) => `${name}:${device}`),
  );
  for (const [device, lines] of Object.entries(FIXES)) {
    expect(devices).toContain(device);
    for (const line of lines.filter((each) => !each.startsWith('#'))) expect(page).toContain(line);
  }
});
