import fc from 'fast-check';
import type { Grid } from '../../spec/index.js';
import { RandomStream } from '../../spec/random/index.js';
import { type Case, type Family, family } from '../case.js';
import { draw } from '../generators/draws.js';
import { integers } from './exact.js';
import { exactCase } from './integer-functions.js';
import { address, ratio, rounding, type TubeDrawn } from './masks.js';

export interface FlowDrawn extends TubeDrawn {
  /** Frames of a slot. */
  readonly frames: number;
  /** How far the flow reaches, in 1/256 of a patch side. */
  readonly reach: number;
}

/** A mask that follows a random flow, of which a quarter of the blocks lies still. */
export function flowCase({ frames, reach, ...drawn }: FlowDrawn): Case {
  const { slots, rows, columns, seed, sample } = drawn;
  const stream = new RandomStream({ seed, stream: 'test', sample });
  const shape = [slots * frames, 2 * rows, 2 * columns, 2];
  const count = shape.reduce((product, extent) => product * extent);
  const flow = Array.from({ length: count }, () =>
    stream.integer(4) === 0 ? 0 : stream.integer(2 * reach) - reach,
  );
  return exactCase({ function: 'mask.flow_warped', attributes: { ...drawn } }, [
    { flow: integers(flow, shape) },
  ]);
}

export interface CropDrawn extends Omit<Grid, 'slots'> {
  /** Rows and columns of cells. */
  readonly cells: readonly [number, number];
  /** Height and width of the frame, in pixels. */
  readonly frame: readonly [number, number];
  readonly flip: boolean;
  /** The least value of the map. */
  readonly least: number;
  /** Whether hardly anything is cut off. */
  readonly whole: boolean;
  readonly draw: number;
}

/** A random part of a frame, and a map with the ends of its range in it. */
export function cropCase(drawn: CropDrawn): Case {
  const { cells, frame, flip, least, whole, draw: seed, rows, columns } = drawn;
  const stream = new RandomStream({ seed, stream: 'test' });
  const [height, width] = frame;
  const [cropHeight, cropWidth] = frame.map((extent) =>
    whole ? extent - stream.integer(2) : 1 + stream.integer(extent),
  ) as [number, number];
  const edges = [least, -1, 0, 1, 32_767].filter((value) => value >= least);
  const map = Array.from({ length: cells[0] * cells[1] }, () =>
    stream.integer(2) === 0
      ? (edges[stream.integer(edges.length)] as number)
      : least + stream.integer(32_768 - least),
  );
  const attributes = {
    ...{ width, height, crop_width: cropWidth, crop_height: cropHeight },
    x: stream.integer(width - cropWidth + 1),
    y: stream.integer(height - cropHeight + 1),
    flip: flip ? 'yes' : 'no',
    ...{ rows, columns },
  };
  return exactCase({ function: 'map.crop', attributes }, [{ map: integers(map, cells) }]);
}

const level = 3;
const side = fc.integer({ min: 1, max: 7 });
/** Small frames, that of the papers, and one whose areas are no exact products of float64. */
const extents: readonly (readonly [number, number])[] = [
  [7, 5],
  [48, 64],
  [240, 320],
  [65_536, 65_535],
];

export const MAP_FAMILIES: readonly Family[] = [
  family(
    'function/mask.flow_warped',
    fc.record({
      slots: fc.constantFrom(1, 2, 4),
      rows: fc.constantFrom(2, 3),
      columns: fc.constantFrom(2, 4, 5),
      frames: fc.constantFrom(1, 2, 3),
      reach: fc.constantFrom(16, 300, 2000, 32_768),
      ...{ ratio, rounding },
      ...address,
    }),
    flowCase,
    { level, clauses: ['mask.flow_warped'] },
  ),
  family(
    'function/map.crop',
    fc.record({
      cells: fc.tuple(side, side),
      frame: fc.constantFrom(...extents),
      flip: fc.boolean(),
      least: fc.constantFrom(-32_768, 0),
      whole: fc.constantFrom(false, false, true),
      rows: side,
      columns: side,
      draw,
    }),
    cropCase,
    { level, clauses: ['map.crop'] },
  ),
];
