import { totalmem } from 'node:os';
import { gibibytes } from '../../core/gibibytes.js';
import { maskCounts } from '../../spec/masking/draw-mask.js';
import { clipTokens, gridOf } from '../../spec/model/patches.js';
import type { StateSpec } from '../../spec/model/state.js';
import { elementCount } from '../../spec/program/index.js';
import { videoConfig } from './clip.js';
import type { RunSettings } from './config.js';
import { refuse } from './section.js';

/**
 * Refuses what no step could ever hold, before anything of it is made: the weights and position
 * tables as f32, and one batch of frames, tokens and captions. What else a step needs is not counted,
 * so that less than all of the memory may be too little, too.
 *
 * @param available Bytes. @defaultValue the memory of this machine
 * @throws LacunaError naming what is too large.
 */
export function requireMemory(
  settings: RunSettings,
  state: readonly Pick<StateSpec, 'shape' | 'role'>[],
  available: number = totalmem(),
): void {
  const { batch, clip, encoder, decoder, text } = settings;
  const weights = state.filter(({ role }) => role === 'parameter');
  const video = videoConfig(settings);
  const tokens = clipTokens(video);
  const { masked } = maskCounts(settings.mask, gridOf(video));
  const numbers =
    weights.reduce((sum, { shape }) => sum + elementCount(shape), 0) +
    tokens * Math.max(encoder.width, decoder.width);
  const clips = batch * (clip.frames * clip.size ** 2 * 3 + 4 * (tokens + masked + text.length));
  check('encoder', 'the weights of this model', 4 * numbers);
  check('batch', 'a batch of these clips', clips);

  function check(where: string, what: string, bytes: number): void {
    refuse(!(bytes <= available), where, gibibytes(bytes), {
      what: `${what} do not fit into the memory of this machine`,
      expected: `at most ${gibibytes(available)}`,
      fix: 'Lower the width, the depth, the batch or the size of a clip.',
    });
  }
}
