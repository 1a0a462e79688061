import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { RandomStream } from '../../spec/random/stream.js';

/** One file of the corpus, and how `ffmpeg` makes it. */
export interface CorpusFile {
  readonly name: string;
  /** Arguments between the input and the file's name, or what is done to another file of the corpus. */
  readonly make: readonly string[] | { readonly of: string; readonly change: FileChange };
}

/** What is done to a file: copied by ffmpeg with other arguments, or its bytes changed. */
export type FileChange =
  | { readonly kind: 'copy'; readonly input: readonly string[]; readonly output: readonly string[] }
  /** The part of its bytes in [from, to), in 1/100 of its length. */
  | { readonly kind: 'part'; readonly from: number; readonly to: number }
  /** Twice the file, one after the other. */
  | { readonly kind: 'twice' }
  /** `count` bytes overwritten, in the last nine tenths of the file, or whole packets of 188 bytes left out. */
  | { readonly kind: 'flip' | 'drop'; readonly count: number; readonly seed: number };

interface Encoding {
  readonly name: string;
  readonly args: readonly string[];
  readonly containers: readonly string[];
  /** Pixels, where the codec wants a size of its own. */
  readonly size?: string;
}

const x264 = (options: string): string[] => [
  '-c:v',
  'libx264',
  '-preset',
  'veryfast',
  '-x264-params',
  options,
];
const x265 = (options: string): string[] => [
  ...['-c:v', 'libx265', '-preset', 'ultrafast'],
  ...['-x265-params', `log-level=none:${options}`],
];
const H264_IN = ['mp4', 'mkv', 'ts', 'avi', 'flv'];
const MPEG_IN = ['ts', 'mpg', 'mkv', 'avi'];

/** Codecs and structures, each in its containers. */
const ENCODINGS: readonly Encoding[] = [
  { name: 'h264-closed', args: x264('keyint=12:bframes=3:open-gop=0'), containers: H264_IN },
  {
    name: 'h264-open',
    args: x264('keyint=12:min-keyint=12:bframes=3:open-gop=1:scenecut=0'),
    containers: H264_IN,
  },
  { name: 'h264-no-b', args: x264('keyint=12:bframes=0'), containers: H264_IN },
  {
    name: 'h264-pyramid',
    args: x264('keyint=16:bframes=7:b-pyramid=normal:b-adapt=0:ref=4'),
    containers: ['mp4', 'ts'],
  },
  {
    name: 'h264-refresh',
    args: x264('keyint=10:intra-refresh=1:bframes=0'),
    containers: ['mp4', 'ts'],
  },
  {
    name: 'h264-refresh-b',
    args: x264('keyint=10:intra-refresh=1:bframes=2'),
    containers: ['mkv', 'ts'],
  },
  {
    name: 'h264-one-gop',
    args: x264('keyint=infinite:bframes=2:scenecut=0'),
    containers: ['mp4', 'ts'],
  },
  { name: 'h264-intra', args: x264('keyint=1'), containers: ['mp4', 'ts'] },
  {
    name: 'h264-mbaff',
    args: ['-flags', '+ilme+ildct', ...x264('keyint=12:tff=1:bframes=2')],
    containers: ['mp4', 'ts'],
  },
  { name: 'h264-slices', args: x264('keyint=12:slices=4:bframes=2'), containers: ['mp4', 'ts'] },
  {
    name: 'h264-temporal',
    args: x264('keyint=24:bframes=3:direct=temporal:weightp=2:open-gop=1'),
    containers: ['mp4', 'mkv'],
  },
  { name: 'h264-444', args: ['-pix_fmt', 'yuv444p', ...x264('keyint=12')], containers: ['mp4'] },
  { name: 'h264-10', args: ['-pix_fmt', 'yuv420p10le', ...x264('keyint=12')], containers: ['mkv'] },
  {
    name: 'h264-aud',
    args: x264('keyint=12:aud=1:nal-hrd=cbr:vbv-maxrate=400:vbv-bufsize=400:bitrate=400'),
    containers: ['ts', 'mp4'],
  },
  {
    name: 'hevc-closed',
    args: x265('keyint=12:bframes=3:open-gop=0'),
    containers: ['mp4', 'mkv', 'ts'],
  },
  {
    name: 'hevc-open',
    args: x265('keyint=12:min-keyint=12:bframes=3:open-gop=1:scenecut=0'),
    containers: ['mp4', 'mkv', 'ts'],
  },
  {
    name: 'hevc-pyramid',
    args: x265('keyint=20:bframes=8:b-adapt=0:ref=4:open-gop=1'),
    containers: ['mp4', 'ts'],
  },
  {
    name: 'hevc-radl',
    args: x265('keyint=12:bframes=3:open-gop=0:radl=2'),
    containers: ['mp4', 'ts'],
  },
  { name: 'hevc-refresh', args: x265('keyint=12:intra-refresh=1:bframes=0'), containers: ['mkv'] },
  {
    name: 'mpeg2-open',
    args: ['-c:v', 'mpeg2video', '-g', '12', '-bf', '2', '-q:v', '4'],
    containers: [...MPEG_IN, 'mp4'],
  },
  {
    name: 'mpeg2-closed',
    args: [
      '-c:v',
      'mpeg2video',
      '-g',
      '12',
      '-bf',
      '2',
      '-q:v',
      '4',
      '-flags',
      '+cgop',
      '-sc_threshold',
      '1000000000',
    ],
    containers: MPEG_IN,
  },
  {
    name: 'mpeg2-no-b',
    args: ['-c:v', 'mpeg2video', '-g', '12', '-bf', '0', '-q:v', '4'],
    containers: ['ts', 'mkv'],
  },
  {
    name: 'mpeg2-fields',
    args: ['-c:v', 'mpeg2video', '-flags', '+ilme+ildct', '-g', '12', '-bf', '2', '-q:v', '4'],
    containers: ['ts', 'mkv'],
  },
  {
    name: 'mpeg1',
    args: ['-c:v', 'mpeg1video', '-g', '12', '-bf', '2', '-q:v', '4'],
    containers: ['mpg', 'mkv'],
  },
  {
    name: 'mpeg4',
    args: ['-c:v', 'mpeg4', '-g', '12', '-q:v', '4'],
    containers: ['mp4', 'avi', 'mkv'],
  },
  {
    name: 'mpeg4-b',
    args: ['-c:v', 'mpeg4', '-g', '12', '-bf', '2', '-q:v', '4'],
    containers: ['mp4', 'avi', 'mkv', 'ts'],
  },
  {
    name: 'mpeg4-xvid',
    args: ['-c:v', 'libxvid', '-g', '12', '-q:v', '4'],
    containers: ['avi', 'mp4'],
  },
  {
    name: 'mpeg4-qpel',
    args: ['-c:v', 'mpeg4', '-flags', '+qpel+mv4', '-g', '12', '-bf', '1', '-q:v', '4'],
    containers: ['mp4'],
  },
  {
    name: 'vp8',
    args: [
      '-c:v',
      'libvpx',
      '-g',
      '16',
      '-b:v',
      '300k',
      '-auto-alt-ref',
      '1',
      '-lag-in-frames',
      '16',
    ],
    containers: ['webm', 'mkv', 'avi'],
  },
  {
    name: 'vp9',
    args: [
      '-c:v',
      'libvpx-vp9',
      '-g',
      '16',
      '-b:v',
      '300k',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
    ],
    containers: ['webm', 'mp4'],
  },
  {
    name: 'vp9-hidden',
    args: [
      '-c:v',
      'libvpx-vp9',
      '-g',
      '24',
      '-b:v',
      '200k',
      '-auto-alt-ref',
      '1',
      '-lag-in-frames',
      '16',
      '-cpu-used',
      '4',
    ],
    containers: ['webm', 'mp4'],
  },
  {
    name: 'av1',
    args: [
      '-c:v',
      'libaom-av1',
      '-g',
      '16',
      '-cpu-used',
      '8',
      '-b:v',
      '200k',
      '-lag-in-frames',
      '16',
    ],
    containers: ['mp4', 'mkv'],
  },
  {
    name: 'av1-svt',
    args: ['-c:v', 'libsvtav1', '-g', '16', '-preset', '12'],
    containers: ['mp4', 'webm'],
  },
  {
    name: 'theora',
    args: ['-c:v', 'libtheora', '-g', '12', '-q:v', '5'],
    containers: ['ogv', 'mkv'],
  },
  { name: 'wmv1', args: ['-c:v', 'wmv1', '-g', '12', '-q:v', '4'], containers: ['asf', 'avi'] },
  { name: 'wmv2', args: ['-c:v', 'wmv2', '-g', '12', '-q:v', '4'], containers: ['asf', 'mkv'] },
  { name: 'msmpeg4v2', args: ['-c:v', 'msmpeg4v2', '-g', '12', '-q:v', '4'], containers: ['avi'] },
  {
    name: 'msmpeg4',
    args: ['-c:v', 'msmpeg4', '-g', '12', '-q:v', '4'],
    containers: ['avi', 'asf'],
  },
  { name: 'flv1', args: ['-c:v', 'flv', '-g', '12', '-q:v', '4'], containers: ['flv', 'avi'] },
  {
    name: 'h263',
    args: ['-c:v', 'h263', '-g', '12', '-q:v', '4'],
    containers: ['mov', 'avi'],
    size: '128x96',
  },
  { name: 'h263p', args: ['-c:v', 'h263p', '-g', '12', '-q:v', '4'], containers: ['mov'] },
  {
    name: 'snow',
    args: ['-c:v', 'snow', '-g', '12', '-strict', '-2', '-q:v', '4'],
    containers: ['avi'],
  },
  { name: 'svq1', args: ['-c:v', 'svq1', '-g', '12', '-q:v', '4'], containers: ['mov'] },
  {
    name: 'rv20',
    args: ['-c:v', 'rv20', '-g', '12', '-q:v', '4'],
    containers: ['mkv'],
    size: '96x80',
  },
  { name: 'cinepak', args: ['-c:v', 'cinepak', '-g', '12'], containers: ['avi', 'mov'] },
  { name: 'msvideo1', args: ['-c:v', 'msvideo1', '-g', '12'], containers: ['avi'] },
  { name: 'qtrle', args: ['-c:v', 'qtrle', '-g', '12'], containers: ['mov'] },
  { name: 'zmbv', args: ['-c:v', 'zmbv', '-g', '12'], containers: ['avi'] },
  { name: 'flashsv', args: ['-c:v', 'flashsv', '-g', '12'], containers: ['flv'] },
  { name: 'gif', args: ['-c:v', 'gif'], containers: ['gif'] },
  { name: 'apng', args: ['-c:v', 'png'], containers: ['mov', 'mkv'] },
  {
    name: 'mjpeg',
    args: ['-c:v', 'mjpeg', '-q:v', '4', '-pix_fmt', 'yuvj420p'],
    containers: ['avi', 'mov', 'mkv'],
  },
  { name: 'ffv1', args: ['-c:v', 'ffv1', '-g', '12', '-level', '1'], containers: ['mkv', 'avi'] },
  { name: 'huffyuv', args: ['-c:v', 'huffyuv'], containers: ['avi'] },
  { name: 'utvideo', args: ['-c:v', 'utvideo'], containers: ['mkv'] },
  { name: 'prores', args: ['-c:v', 'prores', '-pix_fmt', 'yuv422p10le'], containers: ['mov'] },
  {
    name: 'dv',
    args: ['-c:v', 'dvvideo', '-pix_fmt', 'yuv420p', '-r', '25'],
    containers: ['avi', 'mov'],
    size: '720x576',
  },
  { name: 'rawvideo', args: ['-c:v', 'rawvideo', '-pix_fmt', 'yuv420p'], containers: ['avi'] },
  { name: 'jpeg2000', args: ['-c:v', 'jpeg2000', '-pred', 'dwt53'], containers: ['mov'] },
  {
    name: 'dnxhd',
    args: ['-c:v', 'dnxhd', '-profile:v', 'dnxhr_lb', '-pix_fmt', 'yuv422p'],
    containers: ['mov'],
    size: '256x128',
  },
];

/** Files of the matrix from which others are made. */
const CUT = [
  'h264-closed',
  'h264-open',
  'h264-refresh',
  'hevc-open',
  'mpeg2-open',
  'mpeg4-b',
  'h264-pyramid',
];
const DAMAGED = [
  'h264-closed.mp4',
  'h264-open.ts',
  'h264-no-b.mkv',
  'hevc-open.mp4',
  'hevc-closed.ts',
  'mpeg2-open.ts',
  'mpeg2-closed.mpg',
  'mpeg4-b.mp4',
  'vp8.webm',
  'vp9.webm',
  'av1.mp4',
  'mjpeg.avi',
];
const VARIABLE = "select='not(eq(mod(n\\,5)\\,1))+eq(mod(n\\,7)\\,0)',setpts='PTS+0.37*mod(N\\,3)'";

/** The table of a file's frames comes first, so that a part of the file can be read. */
const FAST_START = ['-movflags', '+faststart'];

/** All files of the corpus, sources before those made from them. */
export function corpusFiles(): readonly CorpusFile[] {
  const files: CorpusFile[] = ENCODINGS.flatMap(({ name, args, containers, size = '96x80' }) =>
    containers.map((container) => ({
      name: `${name}.${container}`,
      make: ['-s', size, ...args, ...(container === 'mp4' ? FAST_START : [])],
    })),
  );
  const names = files.map(({ name }) => name);
  const derive = (name: string, of: string, change: FileChange): void => {
    files.push({ name, make: { of, change } });
  };
  const copy = (input: readonly string[], output: readonly string[] = []): FileChange => ({
    ...{ kind: 'copy', input, output },
  });
  for (const name of CUT) {
    for (const source of names.filter((each) => each.startsWith(`${name}.`)).slice(0, 3)) {
      const kind = extname(source);
      const stem = source.replace('.', '-');
      derive(`cut-${stem}${kind}`, source, copy(['-ss', '0.77']));
      derive(
        `cut-${stem}-copy.mkv`,
        source,
        copy(['-ss', '1.3'], ['-copyinkf', '-avoid_negative_ts', 'make_zero']),
      );
      if (kind === '.ts') {
        derive(`piece-${stem}.ts`, source, { kind: 'part', from: 37, to: 100 });
        derive(`piece-${stem}-early.ts`, source, { kind: 'part', from: 9, to: 71 });
        derive(`twice-${stem}.ts`, source, { kind: 'twice' });
      }
    }
  }
  for (const name of ['h264-closed', 'hevc-open', 'mpeg4', 'vp9', 'mpeg4-b']) {
    const { args } = ENCODINGS.find((each) => each.name === name) ?? { args: [] };
    const container = name === 'vp9' ? 'webm' : 'mp4';
    const make = ['-s', '96x80', '-vf', VARIABLE, '-fps_mode', 'vfr', ...args];
    files.push({ name: `vfr-${name}.${container}`, make });
    files.push({ name: `vfr-${name}.mkv`, make });
  }
  for (const [name, of] of [
    ['h264-closed', 'h264-closed.mp4'],
    ['h264-open', 'h264-open.mp4'],
    ['mpeg4-b', 'mpeg4-b.mp4'],
    ['hevc-open', 'hevc-open.mp4'],
  ] as const) {
    derive(`edit-${name}.mp4`, of, copy(['-ss', '0.9'], ['-t', '1.1', '-use_editlist', '1']));
    derive(`edit-late-${name}.mov`, of, copy(['-itsoffset', '0.7'], ['-use_editlist', '1']));
    derive(`fragments-${name}.mp4`, of, copy([], ['-movflags', '+frag_keyframe+empty_moov']));
  }
  DAMAGED.forEach((source, i) => {
    const kind = extname(source);
    const stem = source.replace('.', '-');
    derive(`flip-${stem}${kind}`, source, { kind: 'flip', count: 6, seed: 2 * i });
    derive(`flips-${stem}${kind}`, source, { kind: 'flip', count: 60, seed: 2 * i + 1 });
    derive(`short-${stem}${kind}`, source, { kind: 'part', from: 0, to: 63 });
    if (kind === '.ts') derive(`drop-${stem}.ts`, source, { kind: 'drop', count: 9, seed: i });
  });
  return files;
}

/**
 * Makes a file of the corpus in a folder, by the program `ffmpeg`. False where this machine's program
 * has no such encoder or container.
 */
export function makeCorpusFile(folder: string, { name, make }: CorpusFile): boolean {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  try {
    if (!('of' in make)) {
      const source = 'testsrc2=size=192x160:rate=25:duration=2.4,noise=alls=12:all_seed=7';
      const pixels =
        make.includes('-pix_fmt') || /qtrle|zmbv|flashsv|gif|png|msvideo|cinepak/.test(name);
      runFfmpeg([
        '-f',
        'lavfi',
        '-i',
        source,
        ...(pixels ? [] : ['-pix_fmt', 'yuv420p']),
        ...make,
        path,
      ]);
    } else if (make.change.kind === 'copy') {
      const { input, output } = make.change;
      runFfmpeg([...input, '-i', join(folder, make.of), '-c', 'copy', ...output, path]);
    } else writeFileSync(path, changed(readFileSync(join(folder, make.of)), make.change));
    if (statSync(path).size > 0) return true;
  } catch {
    // Said by the outcome: what was begun is no file of the corpus.
  }
  rmSync(path, { force: true });
  return false;
}

function runFfmpeg(args: readonly string[]): void {
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-threads', '1', ...args], {
    stdio: ['ignore', 'ignore', 'ignore'],
    timeout: 60_000,
  });
}

function changed(bytes: Buffer, change: Exclude<FileChange, { readonly kind: 'copy' }>): Buffer {
  if (change.kind === 'twice') return Buffer.concat([bytes, bytes]);
  if (change.kind === 'part') {
    const { from, to } = change;
    return bytes.subarray((bytes.length * from) / 100, (bytes.length * to) / 100);
  }
  const draw = new RandomStream({ seed: change.seed, stream: 'test' });
  const start = Math.floor(bytes.length / 10);
  const places = Array.from(
    { length: change.count },
    () => start + draw.integer(bytes.length - start),
  );
  if (change.kind === 'flip') {
    const copy = Buffer.from(bytes);
    for (const place of places) copy[place] = draw.integer(256);
    return copy;
  }
  const dropped = new Set(places.map((place) => Math.floor(place / 188)));
  const packets = Array.from({ length: Math.floor(bytes.length / 188) }, (_, i) => i);
  return Buffer.concat(
    packets.filter((i) => !dropped.has(i)).map((i) => bytes.subarray(188 * i, 188 * (i + 1))),
  );
}
