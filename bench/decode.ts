/**
 * Decoding speed of one core: every frame of a 720p H.264 video to 224 x 224 RGB, and the clips that
 * a loader with one worker delivers from it and from small demo clips.
 *
 *   npx tsx bench/decode.ts [--video ../shared/data/main/soccer_juggling.mp4] [--backend node-av]
 *
 * Frames per CPU second count the processor seconds of this process (the wall clock beside them, and
 * alone with `--backend ffmpeg`, whose decoder is another process). Prints one line of JSON at the end.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  ClipLoader,
  type ClipRecord,
  type ClipSampling,
  centreCrop,
  makeDemoData,
  readClipList,
  type VideoBackendName,
  videoBackend,
} from '../data/index.js';
import { LacunaError } from '../spec/errors.js';

const { values } = parseArgs({
  options: {
    video: { type: 'string', default: '../shared/data/main/soccer_juggling.mp4' },
    backend: { type: 'string', default: 'auto' },
  },
});

const ROUNDS = 5;
const BATCHES = 12;
const BATCH_SIZE = 4;

/** The median over some rounds of a rate, with the rates themselves. */
function median(rates: readonly number[]): number {
  return [...rates].sort((a, b) => a - b)[rates.length >> 1] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

async function decodeEveryFrame(name: VideoBackendName | 'auto'): Promise<Record<string, unknown>> {
  const backend = await videoBackend(name);
  const cpuRates: number[] = [];
  const wallRates: number[] = [];
  let shape = '';
  for (let i = 0; i < ROUNDS; i++) {
    const reader = await backend.open(values.video);
    const { info } = reader;
    shape = `${info.codec} ${info.width}x${info.height}, ${info.frameCount} frames`;
    const cpu = process.cpuUsage();
    const wall = performance.now();
    await reader.read({
      indices: Array.from({ length: info.frameCount }, (_, frame) => frame),
      crop: centreCrop(info),
      size: { width: 224, height: 224 },
      flip: false,
    });
    const { user, system } = process.cpuUsage(cpu);
    wallRates.push(info.frameCount / ((performance.now() - wall) / 1e3));
    cpuRates.push(info.frameCount / ((user + system) / 1e6));
    reader[Symbol.dispose]();
  }
  return {
    backend: backend.name,
    video: shape,
    framesPerCpuSecond: backend.name === 'ffmpeg' ? null : round(median(cpuRates)),
    framesPerSecond: round(median(wallRates)),
  };
}

async function deliverClips(
  root: string,
  records: readonly ClipRecord[],
  sampling: ClipSampling,
  backend: VideoBackendName | 'auto',
): Promise<Record<string, unknown>> {
  const batchSize = Math.min(BATCH_SIZE, records.length);
  const loader = await ClipLoader.open({ root, records, sampling, backend, seed: 1, batchSize });
  await loader.next();
  const before = loader.statistics();
  const wall = performance.now();
  const batches = records.length > 1 ? BATCHES * 10 : BATCHES;
  for (let i = 0; i < batches; i++) await loader.next();
  const seconds = (performance.now() - wall) / 1e3;
  const decoded = loader.statistics().decodedFrames - before.decodedFrames;
  await loader.close();
  return {
    sampling: `${sampling.frames} frames of ${sampling.size}x${sampling.size}`,
    clipsPerSecond: round((batches * batchSize) / seconds),
    decodedFramesPerSecond: round(decoded / seconds),
    decodedFramesPerClip: round(decoded / (batches * batchSize)),
  };
}

async function main(): Promise<void> {
  const backend = values.backend as VideoBackendName | 'auto';
  const dense = (frames: number, size: number, stride: number): ClipSampling => ({
    frames,
    size,
    rule: { name: 'dense', stride },
    crop: 'multi-scale',
    flip: false,
  });
  const video = basename(values.video);
  const frames = await decodeEveryFrame(backend);
  console.error('frames', frames);
  const large = await deliverClips(
    dirname(values.video),
    [{ id: video, video, captions: [] }],
    dense(16, 224, 4),
    backend,
  );
  console.error('clips', large);
  const folder = await mkdtemp(join(tmpdir(), 'lacuna-decode-'));
  try {
    const demo = await makeDemoData(join(folder, 'demo'), { trainClips: 200, testClips: 8 });
    const { records } = await readClipList(demo.trainList, () => {});
    const small = await deliverClips(demo.folder, records, dense(16, 64, 1), backend);
    console.error('small clips', small);
    console.log(JSON.stringify({ cpu: cpus()[0]?.model, frames, large, small }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof LacunaError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
