import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { verifyTimeline } from '../testing/one-timeline.js';
import { corpusFiles, makeCorpusFile } from '../testing/video-corpus.js';
import { videoBackend } from './video-backend.js';

const nodeAv = await videoBackend('node-av');
const ffmpeg = await videoBackend('ffmpeg').catch(() => undefined);
const hasFfmpeg = capable('ffmpeg', ffmpeg === undefined ? 'it is not installed' : undefined);
const needsFfmpeg = !hasFfmpeg ? ' (skipped: ffmpeg is not installed)' : '';

/** A part of the corpus that is made in seconds: `scripts/prove-video.ts` makes and proves all of it. */
const PART = [
  ...[
    'h264-open.avi',
    'h264-refresh-b.ts',
    'mpeg2-open.mpg',
    'vp9-hidden.webm',
    'wmv2.asf',
    'gif.gif',
  ],
  ...[
    'piece-hevc-open-ts-early.ts',
    'edit-h264-open.mp4',
    'vfr-h264-closed.mkv',
    'drop-h264-open-ts.ts',
  ],
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-timeline-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('one meaning of an index', () => {
  it.skipIf(!hasFfmpeg).each(PART)(`%s of the corpus${needsFfmpeg}`, async (name) => {
    const files = corpusFiles();
    const file = files.find((each) => each.name === name);
    if (file === undefined) throw new Error(`the corpus has no ${name}`);
    const { make } = file;
    const source = 'of' in make ? files.find((each) => each.name === make.of) : undefined;
    for (const each of [source, file]) {
      if (each !== undefined) expect(makeCorpusFile(folder, each), each.name).toBe(true);
    }
    const verdict = await verifyTimeline(nodeAv, ffmpeg, join(folder, name));
    expect(verdict?.differences).toEqual([]);
    expect(verdict?.frames).toBeGreaterThan(8);
  });
});
