import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NpySource, npyTexts, writeNpy, writeNpz } from '../../formats/index.js';
import { inspect } from '../../run/index.js';
import type { Subject } from './fuzz-subjects.js';

/** Arrays of NumPy as `lacuna embed` writes them, and as `lacuna inspect` tells of them; of archives also one that is packed. */
export const ARRAYS: Subject = {
  make: async (folder) => {
    mkdirSync(folder);
    await writeNpy(join(folder, 'a.npy'), VECTORS);
    await writeNpz(join(folder, 'a.npz'), { vectors: VECTORS, ids: npyTexts(['a.mp4', 'b', 'c']) });
    writeFileSync(join(folder, 'packed.npz'), PACKED);
  },
  use: async (folder) => {
    for (const name of readdirSync(folder)) await inspect(join(folder, name));
  },
};

const VECTORS: NpySource = {
  type: '<f4',
  shape: [3, 4],
  pieces: async function* () {
    yield Float32Array.from({ length: 12 }, (_, i) => i);
  },
};

const PACKED = readFileSync(
  join(import.meta.dirname, '../../run/inspect/fixtures/numpy-compressed.npz'),
);
