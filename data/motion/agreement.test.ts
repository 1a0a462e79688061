import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { evaluationClip } from '../sampling/clip-sampling.js';
import { median, pearson, spearman } from '../testing/correlation.js';
import { SHARED_DATA } from '../testing/shared-data.js';
import { loadLibrary } from '../video/node-av/library.js';
import { videoBackend } from '../video/video-backend.js';
import { readWithMotion } from './motion-request.js';

const SAMPLING = { frames: 16, size: 224, rule: { name: 'dense', stride: 4 } } as const;
/** Larger videos take long to decode; `bench/motion.ts` has the table of all. */
const MAX_PIXELS = 720 * 480;
/** Measured: 0.68 and 0.72 on these 24 clips (0.71 and 0.74 on all 39). */
const LEAST_SPEARMAN = 0.65;
const LEAST_PEARSON = 0.68;

const library = await loadLibrary().catch(() => undefined);
const canRead = capable('node-av', library === undefined ? 'it is not installed' : undefined);
const absent = SHARED_DATA === undefined ? ' (skipped: ../shared/data is absent)' : '';

describe.skipIf(!canRead || SHARED_DATA === undefined)(`the shared real videos${absent}`, () => {
  it('have codec motion that agrees with block matching, where they have it', async () => {
    const folder = join(SHARED_DATA ?? '', 'main');
    const backend = await videoBackend('node-av');
    const table: { file: string; spearman: number; pearson: number }[] = [];
    for (const file of readdirSync(folder).sort()) {
      using reader = await backend.open(join(folder, file));
      const { codec: name, width, height } = reader.info;
      if (!['h264', 'mpeg4'].includes(name) || width * height > MAX_PIXELS) continue;
      const request = evaluationClip(reader.info, SAMPLING);
      const maps = await Promise.all(
        (['codec', 'block-matching'] as const).map(async (source) => {
          const wanted = { map: 'motion', patch: 16, tubelet: 2, camera: 'keep', source } as const;
          const { motion } = await readWithMotion(reader, request, wanted);
          expect(motion.source).toBe(source);
          return [...motion.map];
        }),
      );
      const [codec = [], blocks = []] = maps;
      table.push({ file, spearman: spearman(codec, blocks), pearson: pearson(codec, blocks) });
    }
    const middle = {
      file: `median of ${table.length} clips`,
      spearman: median(table.map((row) => row.spearman)),
      pearson: median(table.map((row) => row.pearson)),
    };
    console.log(
      [...table, middle]
        .map((row) => `${row.file.padEnd(44)} ${row.spearman.toFixed(3)} ${row.pearson.toFixed(3)}`)
        .join('\n'),
    );
    expect(table.length).toBeGreaterThan(20);
    expect(middle.spearman).toBeGreaterThan(LEAST_SPEARMAN);
    expect(middle.pearson).toBeGreaterThan(LEAST_PEARSON);
  });
});
