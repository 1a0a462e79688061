/**
 * Makes a corpus of videos and holds each to one meaning of an index (`verifyTimeline`): codecs,
 * containers, open and closed groups, B frames, cuts, edit lists, varying rates, damage.
 *
 *   npx tsx scripts/prove-video.ts [FOLDER] [--only TEXT]
 *
 * The files stay in FOLDER (a temporary one by default). Indices are kept in a cache of its own, so that
 * readers that come later read them from disk; the program ffmpeg jumps wherever it can. Files of which
 * versions of FFmpeg are known to make something else (`KNOWN_DIFFERENCES`) are counted apart. Ends with
 * 1 when another file differs, or one of those does not any more.
 */
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { knownDifference } from '../data/testing/known-differences.js';
import { verifyTimeline } from '../data/testing/one-timeline.js';
import { corpusFiles, makeCorpusFile } from '../data/testing/video-corpus.js';
import { ffmpegBackend } from '../data/video/ffmpeg/ffmpeg-backend.js';
import { programVersion } from '../data/video/ffmpeg/programs.js';
import { loadLibrary } from '../data/video/node-av/library.js';
import { videoBackend } from '../data/video/video-backend.js';

const { values, positionals } = parseArgs({
  options: { only: { type: 'string', default: '' } },
  allowPositionals: true,
});
const folder = positionals[0] ?? mkdtempSync(join(tmpdir(), 'lacuna-corpus-'));
process.env.LACUNA_CACHE = mkdtempSync(join(tmpdir(), 'lacuna-corpus-cache-'));
const [nodeAv, ffmpeg] = [await videoBackend('node-av'), await ffmpegBackend(0)];
const library = (await loadLibrary()).getFFmpegInfo().version;
const program = await programVersion('ffmpeg');
console.log(`node-av with FFmpeg ${library}; the program ffmpeg, version ${program}`);
const counts = { same: 0, refused: 0, 'not made': 0, known: 0, stale: 0, different: 0 };
let frames = 0;
let missing = 0;
for (const file of corpusFiles().filter(({ name }) => name.includes(values.only))) {
  const path = join(folder, file.name);
  if (!existsSync(path) && !makeCorpusFile(folder, file)) {
    counts['not made']++;
    console.log(`${file.name}: not made here`);
    continue;
  }
  const verdict = await verifyTimeline(nodeAv, ffmpeg, path);
  frames += verdict?.frames ?? 0;
  missing += verdict?.missing ?? 0;
  const reason = knownDifference(file.name, program);
  const isSame = verdict?.differences.length === 0;
  let outcome: keyof typeof counts = isSame ? 'same' : 'different';
  if (verdict === undefined) outcome = 'refused';
  else if (reason !== undefined) outcome = isSame ? 'stale' : 'known';
  counts[outcome]++;
  const told =
    verdict &&
    `${verdict.frames} frames, ${verdict.missing} missing, ${verdict.decodedPerFrame.toFixed(1)} decoded a frame`;
  console.log(
    [`${file.name}: ${outcome}`, told, reason, ...(verdict?.differences.slice(0, 4) ?? [])]
      .filter(Boolean)
      .join('; '),
  );
}
console.log(JSON.stringify({ folder, library, program, frames, missing, ...counts }));
process.exitCode = counts.different + counts.stale > 0 ? 1 : 0;
