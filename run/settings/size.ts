import { clipTokens, cubeSize } from '../../spec/model/patches.js';
import type { ProjectionConfig } from '../../spec/model/projection.js';
import type { TransformerConfig } from '../../spec/model/transformer.js';
import { capabilitiesOf } from './capabilities.js';
import { videoConfig } from './clip.js';
import type { RunSettings } from './config.js';
import { refuse } from './section.js';

/** Parameters of a model: 16 GiB of f32, and as much for each of the two moments. */
const MAX_PARAMETERS = 2 ** 32;
/** Tokens of a clip: a mask has so many draws, a position table so many rows. */
const MAX_TOKENS = 2 ** 20;
/** Bytes of the frames of a batch. */
const MAX_BATCH_BYTES = 2 ** 33;

/**
 * Refuses settings whose sizes no machine has room for, each possible by itself, before anything is
 * made of them.
 *
 * @throws LacunaError naming the part that is largest.
 */
export function requireSize(settings: RunSettings): void {
  const { clip, batch } = settings;
  const tokens = clipTokens(videoConfig(settings));
  refuse(
    tokens > MAX_TOKENS,
    'clip',
    `${tokens} tokens of ${clip.frames} frames of ${clip.size} x ${clip.size}`,
    {
      what: 'a clip has too many tokens',
      expected: `at most ${MAX_TOKENS}`,
      fix: 'Lower clip.frames or clip.size, or raise clip.patch.',
    },
  );
  const bytes = batch * clip.frames * clip.size ** 2 * 3;
  refuse(bytes > MAX_BATCH_BYTES, 'batch', `${batch}`, {
    what: `the frames of a batch take ${(bytes / 2 ** 30).toFixed(1)} GiB`,
    expected: `at most ${MAX_BATCH_BYTES / 2 ** 30} GiB`,
    fix: 'Lower batch, clip.frames or clip.size.',
  });
  const parts = parametersOf(settings);
  const total = parts.reduce((sum, { count }) => sum + count, 0);
  const largest = parts.reduce((a, b) => (b.count > a.count ? b : a));
  refuse(total > MAX_PARAMETERS, largest.key, largest.got, {
    what: `the model would have about ${total.toPrecision(2)} parameters`,
    expected: `at most ${MAX_PARAMETERS}`,
    fix: `Lower ${largest.key}, or what it is multiplied with.`,
  });
}

interface Part {
  /** The setting that the count grows with most. */
  readonly key: string;
  readonly got: string;
  readonly count: number;
}

/** About how many parameters each part has: its matrices. */
function parametersOf(settings: RunSettings): readonly Part[] {
  const { encoder, decoder, text, contrastive } = settings;
  const { reconstructs, aligns, readsText } = capabilitiesOf(settings);
  const cube = cubeSize(videoConfig(settings));
  // Time attention has four more matrices in each block.
  const overTime = encoder.attention === 'divided' ? 4 * encoder.depth * encoder.width ** 2 : 0;
  const towers = blocks(encoder) + overTime + cube * encoder.width;
  const parts = [part('encoder.width', encoder.width, towers)];
  if (reconstructs) {
    const ends = (cube + encoder.width) * decoder.width;
    parts.push(part('decoder.width', decoder.width, blocks(decoder) + ends));
  }
  if (readsText) {
    parts.push(part('text.width', text.width, blocks(text)));
    parts.push(part('text.vocabulary', text.vocabulary, text.vocabulary * text.width));
    parts.push(part('text.length', text.length, text.length * text.width));
  }
  if (aligns) {
    const { videoProjection: video, textProjection: words } = contrastive;
    parts.push(head('contrastive.videoProjection', encoder.width, video));
    if (readsText) parts.push(head('contrastive.textProjection', text.width, words));
  }
  return parts;
}

function part(key: string, value: number, count: number): Part {
  return { key, got: `${value}`, count };
}

/** Attention has four matrices of width x width, the MLP two of width x (mlpRatio width). */
function blocks({ depth, width, mlpRatio = 4 }: TransformerConfig): number {
  return depth * (4 + 2 * mlpRatio) * width ** 2;
}

function head(key: string, from: number, { kind, width, hidden = from }: ProjectionConfig): Part {
  if (kind === 'none') return part(`${key}.width`, width, 0);
  if (kind === 'linear' || kind === 'relu-linear') return part(`${key}.width`, width, from * width);
  const isHidden = hidden > width;
  return part(
    isHidden ? `${key}.hidden` : `${key}.width`,
    isHidden ? hidden : width,
    hidden * (from + width),
  );
}
