import fc from 'fast-check';
import type { HostTensor, Named } from '../../core/backend.js';
import type { Bounds } from '../../reference/index.js';
import { gridOf, patchify, targets, toUnitRange, type VideoConfig } from '../../spec/index.js';
import { elementCount } from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';
import { buildCase } from '../build-case.js';
import { type Case, type Family, family, functionCase } from '../case.js';
import { draw, positiveExtent } from '../generators/draws.js';

export interface PatchifyDrawn {
  readonly batch: number;
  readonly slots: number;
  readonly side: number;
  readonly tubelet: number;
  readonly patch: number;
  readonly draw: number;
}

/** Frames cut into cubes. */
export function patchifyCase({
  batch,
  slots,
  side,
  tubelet,
  patch,
  draw: seed,
}: PatchifyDrawn): Case {
  const video: VideoConfig = { frames: slots * tubelet, size: side * patch, tubelet, patch };
  gridOf(video);
  const shape = [batch, video.frames, video.size, video.size, 3];
  const data = { regime: 'normal', draw: seed } as const;
  const drawn = buildCase('patchify', { frames: { dtype: 'u8', shape } }, data, ({ frames }) => ({
    cubes: patchify(frames, video),
  }));
  return functionCase(drawn, { function: 'patchify', attributes: { tubelet, patch } });
}

export interface TargetDrawn {
  readonly batch: number;
  readonly cubes: number;
  readonly pixels: number;
  /** How many values a pixel has: two of them are a cube so faint that eps shows beside its deviation. */
  readonly values: 2 | 256;
  readonly draw: number;
}

/** The targets of random cubes. */
export function targetCase({ batch, cubes, pixels, values, draw: seed }: TargetDrawn): Case {
  const shape = [batch, cubes, 3 * pixels];
  const drawn = buildCase(
    'target_cube',
    { cubes: { dtype: 'u8', shape, below: values } },
    { regime: 'normal', draw: seed },
    (inputs) => ({ targets: targets(toUnitRange(inputs.cubes), 'per-cube-channel') }),
  );
  return functionCase(drawn, { function: 'target.cube', attributes: { float: 'f32' } });
}

/** Cubes of one colour: their targets are 0, not the rounding error of a mean over eps. */
function flatCase(drawn: Omit<TargetDrawn, 'values'>): Case {
  const made = targetCase({ ...drawn, values: 256 });
  const [shape, count] = [[drawn.batch, drawn.cubes, 3 * drawn.pixels], drawn.batch * drawn.cubes];
  const runs = [0, 1].map((replicate): Named<HostTensor> => {
    const stream = new RandomStream({ seed: drawn.draw, stream: 'test', replicate });
    const colours = Array.from({ length: count }, () => [0, 1, 2].map(() => stream.integer(256)));
    const data = colours.flatMap((colour) =>
      Array.from({ length: drawn.pixels }, () => colour).flat(),
    );
    return { cubes: { dtype: 'u8', shape, data: Uint8Array.from(data) } };
  });
  const zeros = (): Float64Array => new Float64Array(elementCount(shape));
  const expected = (): Named<Bounds> => ({
    targets: { dtype: 'f32', shape, value: zeros(), low: zeros(), high: zeros() },
  });
  return { ...made, runs, expected };
}

const targetParameters = {
  batch: fc.constantFrom(1, 2),
  cubes: positiveExtent,
  // The mean of equal values is exact where their number is a power of two, and else is not.
  pixels: fc.constantFrom(2, 3, 6, 32),
  draw,
};

export const PIXEL_FAMILIES: readonly Family[] = [
  family(
    'function/patchify',
    fc.record({
      batch: fc.constantFrom(1, 2),
      slots: fc.constantFrom(1, 2, 3),
      side: fc.constantFrom(1, 2, 3),
      tubelet: fc.constantFrom(1, 2, 3),
      patch: fc.constantFrom(1, 2, 4),
      draw,
    }),
    patchifyCase,
    { level: 3, clauses: ['patch.order'] },
  ),
  family('function/target.cube/flat', fc.record(targetParameters), flatCase, {
    level: 3,
    clauses: ['target.flat'],
  }),
  family(
    'function/target.cube',
    fc.record({ ...targetParameters, values: fc.constantFrom<2 | 256>(2, 256) }),
    targetCase,
    { level: 3, clauses: ['target.cube'] },
  ),
];
