/**
 * Makes a corpus of videos and holds each to one meaning of an index (`verifyTimeline`): codecs,
 * containers, open and closed groups, B frames, cuts, edit lists, varying rates, damage.
 *
 *   npx tsx scripts/prove-video.ts [FOLDER] [--only TEXT]
 *
 * The files stay in FOLDER (a temporary one by default). Ends with 1 when a file differs.
 */
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { verifyTimeline } from '../data/testing/one-timeline.js';
import { corpusFiles, makeCorpusFile } from '../data/testing/video-corpus.js';
import { videoBackend } from '../data/video/video-backend.js';

const { values, positionals } = parseArgs({
  options: { only: { type: 'string', default: '' } },
  allowPositionals: true,
});
const folder = positionals[0] ?? mkdtempSync(join(tmpdir(), 'lacuna-corpus-'));
const [nodeAv, ffmpeg] = [await videoBackend('node-av'), await videoBackend('ffmpeg')];
const counts = { same: 0, refused: 0, 'not made': 0, different: 0 };
let frames = 0;
for (const file of corpusFiles().filter(({ name }) => name.includes(values.only))) {
  const path = join(folder, file.name);
  if (!existsSync(path) && !makeCorpusFile(folder, file)) {
    counts['not made']++;
    console.log(`${file.name}: not made here`);
    continue;
  }
  const verdict = await verifyTimeline(nodeAv, ffmpeg, path);
  frames += verdict?.frames ?? 0;
  const outcome =
    verdict === undefined ? 'refused' : verdict.differences.length > 0 ? 'different' : 'same';
  counts[outcome]++;
  const told =
    verdict &&
    `${verdict.frames} frames, ${verdict.missing} missing, ${verdict.decodedPerFrame.toFixed(1)} decoded a frame`;
  console.log(
    [`${file.name}: ${outcome}`, told, ...(verdict?.differences.slice(0, 4) ?? [])]
      .filter(Boolean)
      .join('; '),
  );
}
console.log(JSON.stringify({ folder, frames, ...counts }));
process.exitCode = counts.different > 0 ? 1 : 0;
