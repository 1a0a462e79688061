import { basename } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CAMERA_MOTIONS, MOTION_SOURCES } from '../../data/index.js';
import type { MotionConfig } from '../../run/index.js';
import { type ClipMask, drawClipMask } from '../../run/masked-clip/masked-clip.js';
import {
  completeMaskConfig,
  LacunaError,
  MASK_KINDS,
  type MaskKindName,
  maskCounts,
} from '../../spec/index.js';
import { checkPicturePath, writeMaskPicture } from '../mask/mask-picture.js';
import { type SimilarityFlags, similaritySource } from '../mask/similarity-source.js';
import { videoClip } from '../mask/video-clip.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { wholeNumber } from '../whole-number.js';

interface ShowFlags extends SimilarityFlags {
  readonly mask: MaskKindName;
  readonly output: string;
  readonly ratio?: number;
  readonly frames: number;
  readonly size: number;
  readonly patch: number;
  readonly tubelet: number;
  readonly stride: number;
  readonly seed: number;
  readonly epoch: number;
  readonly id?: string;
  readonly motionSource: MotionConfig['source'];
  readonly camera: MotionConfig['camera'];
  readonly flowModel?: string;
  readonly json?: boolean;
}

const KINDS = Object.keys(MASK_KINDS);
const MAX_SIDE = 1024;
const MAX_FRAMES = 256;

export function maskCommand(): Command {
  return new Command('mask')
    .description('Looks at masks.')
    .addCommand(showCommand())
    .addHelpText(
      'after',
      `
Example:
  $ lacuna mask show clip.mp4 --mask motion-guided --output mask.png`,
    );
}

function showCommand(): Command {
  return new Command('show')
    .description(
      'Draws the mask of the middle clip of a video: each column a slot, with its frame, its mask (masked\n' +
        'patches grey) and, of a guided mask, the map that guided it (red is high).',
    )
    .argument('<video>', 'the video')
    .addOption(new Option('--mask <kind>', 'the mask').choices(KINDS).makeOptionMandatory())
    .option('--ratio <share>', "share of masked tokens (default: the kind's own)", share)
    .option('--frames <n>', 'frames of the clip', wholeNumber(1, MAX_FRAMES), 16)
    .option('--size <n>', 'side of its frames in pixels', wholeNumber(1, MAX_SIDE), 224)
    .option('--patch <n>', 'side of a token in pixels', wholeNumber(1, MAX_SIDE), 16)
    .option('--tubelet <n>', 'frames of a token', wholeNumber(1, MAX_FRAMES), 2)
    .option(
      '--stride <n>',
      'frames of the video from one frame of the clip to the next',
      wholeNumber(1, 65_536),
      4,
    )
    .option('--seed <n>', 'seed of the draw', wholeNumber(0, Number.MAX_SAFE_INTEGER), 0)
    .option('--epoch <n>', 'epoch of the draw', wholeNumber(0, 0xffff_ffff), 0)
    .option('--id <text>', "the sample's id in its list (default: the file's name)")
    .addOption(
      new Option('--motion-source <name>', 'where motion-guided takes motion from')
        .choices(MOTION_SOURCES)
        .default('auto'),
    )
    .addOption(
      new Option('--camera <what>', 'whether motion that the whole picture shares counts')
        .choices(CAMERA_MOTIONS)
        .default('keep'),
    )
    .option(
      '--flow-model <file>',
      'flow-warped: a RAFT as an ONNX file that measures the flow (default: block matching)',
    )
    .option('--caption <text>', 'text-guided: what the mask is to cover')
    .option('--teacher <folder>', 'text-guided: a teacher that makes the map of this video now')
    .option(
      '--maps <folder>',
      'text-guided: maps of lacuna similarity; --id names the video as its list does',
    )
    .requiredOption('--output <file>', 'contact sheet (.png) or film (.mp4) to write')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna mask show clip.mp4 --mask motion-guided --camera compensate --output mask.png
  $ lacuna mask show clip.mp4 --mask text-guided --caption 'a red circle' --teacher runs/aligner --output mask.png
  $ lacuna mask show clip.mp4 --mask flow-warped --seed 3 --output mask.mp4
  $ lacuna mask show clip.mp4 --mask flow-warped --flow-model raft.onnx --output mask.png
  $ lacuna mask show clip.mp4 --mask tube --ratio 0.75 --frames 8 --size 64 --patch 8 --output mask.png`,
    )
    .action(async (video: string, flags: ShowFlags) => {
      const { result, lines } = await showMask(video, flags);
      if (flags.json === true) printJson(result);
      else console.log(lines.join('\n'));
    });
}

/** Draws the picture, and says what is on it: as `--json` tells it, and in lines for a person. */
async function showMask(
  video: string,
  flags: ShowFlags,
): Promise<{ readonly result: object; readonly lines: readonly string[] }> {
  checkPicturePath(flags.output);
  const { mask: kind, ratio, frames, size, patch, tubelet, stride, seed, epoch } = flags;
  const mask = { kind, ...(ratio === undefined ? {} : { ratio }) };
  const id = flags.id ?? basename(video);
  const request = {
    mask,
    motion: motionConfig(flags),
    clip: { frames, size, patch, tubelet, stride },
    seed,
    epoch,
    id,
  };
  const clip = await drawClipMask(request, videoClip(video), similaritySource(video, id, flags));
  await writeMaskPicture(flags.output, clip, kind);
  const { slots, rows, columns } = clip.grid;
  const { visible, masked } = maskCounts(mask, clip.grid);
  const { ratio: share } = completeMaskConfig(mask);
  const { frameIndices, motionSource } = clip;
  return {
    result: {
      ...{ video, mask: kind, ratio: share, masked, visible, grid: clip.grid, frameIndices },
      ...(motionSource === undefined ? {} : { motionSource }),
      picture: flags.output,
    },
    lines: [
      `${kind} at ratio ${share}: ${masked} of ${visible + masked} tokens masked (${slots} x ${rows} x ${columns})`,
      ...notes(clip),
      `The picture is in ${flags.output}`,
    ],
  };
}

function notes({ frameIndices, motionSource }: ClipMask): readonly string[] {
  const distinct = new Set(frameIndices).size;
  const source = {
    codec: "the codec's vectors",
    'block-matching': 'block matching',
    raft: 'the model of optical flow',
  };
  return [
    ...(motionSource === undefined ? [] : [`Motion by ${source[motionSource]}`]),
    ...(distinct === frameIndices.length
      ? []
      : [
          `The video is shorter than the clip: of ${frameIndices.length} frames ${distinct} differ, the others repeat them`,
        ]),
    ...(distinct === 1 && motionSource !== undefined
      ? ['Nothing moves in a single frame, so the mask follows no motion']
      : []),
  ];
}

function motionConfig({ mask, motionSource, camera, flowModel }: ShowFlags): MotionConfig {
  if (flowModel === undefined) return { source: motionSource, camera };
  if (MASK_KINDS[mask].map === 'flow') return { source: 'raft', camera: 'keep', raft: flowModel };
  throw new LacunaError({
    where: '--flow-model',
    what: `the mask ${mask} takes no model of optical flow`,
    fix: 'Leave it out, or choose --mask flow-warped.',
  });
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value < 1)) {
    throw new InvalidArgumentError('it must be at least 0 and below 1.');
  }
  return value;
}
