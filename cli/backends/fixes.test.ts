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

it('names packages of Python by the versions that are pinned by digest', () => {
  const pinned = readFileSync(
    join(import.meta.dirname, '../../scripts/python-packages/onnx-cuda.txt'),
    'utf8',
  );
  const pins = pinned.match(/^[a-z][^ ]*==[^ ]*/gm) ?? [];
  const line = FIXES['onnx:cuda']?.find((each) => each.startsWith('pip install'));
  const named = line?.split(' ').filter((word) => word.includes('=='));
  expect(named?.toSorted()).toEqual(pins.toSorted());
  expect(pins.length).toBeGreaterThan(5);
  const digests = pinned.split(/^(?=[a-z])/m).slice(1);
  expect(digests.filter((each) => !/--hash=sha256:[0-9a-f]{64}/.test(each))).toEqual([]);
});
