import {
  elementCount,
  type Grid,
  LacunaError,
  type Layout,
  type Shape,
  type StateSpec,
  type TheirTensor,
  theirTensor,
  toTheirs,
  type VideoConfig,
} from '../../../spec/index.js';

/** A tensor of another library, and what of ours it is made of. */
export interface GivenTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly from: readonly StateSpec[];
  /** Its numbers, from those of `from` in their order. */
  readonly make: (data: readonly Float32Array[]) => Float32Array;
}

/** Sizes that shapes alone do not tell. */
export interface GivenGeometry {
  readonly video: VideoConfig;
  readonly grid: Grid;
  /** Rows of their table of positions in front of those of the places: the class token's. */
  readonly first: number;
}

/**
 * What of ours has no tensor in a layout of images and is added to every place there: the only slot, and
 * the bias of the embedding of patches.
 */
const ADDED_TO_PLACES: readonly string[] = ['encoder.positions.slot', 'encoder.patch.bias'];

interface Part {
  readonly spec: StateSpec;
  readonly their: TheirTensor;
}

/**
 * The tensors of a layout from those of ours: the conversions of `converted`, the other way round.
 * A class token has no position here, so the row of its position becomes zeros.
 *
 * @throws LacunaError for one of ours that the layout has no place for.
 */
export function givenTensors(
  layout: Layout,
  state: readonly StateSpec[],
  geometry: GivenGeometry,
): readonly GivenTensor[] {
  const parts = new Map<string, Part[]>();
  const added: StateSpec[] = [];
  for (const spec of state) {
    const their = theirTensor(layout, spec.name);
    if (their !== undefined) {
      parts.set(their.name, [...(parts.get(their.name) ?? []), { spec, their }]);
    } else if (ADDED_TO_PLACES.includes(spec.name) && geometry.grid.slots === 1) {
      added.push(spec);
    } else throw homeless(layout, spec);
  }
  return [...parts].map(([name, own]) => ({ name, ...given(own, added, geometry) }));
}

function given(
  parts: readonly Part[],
  added: readonly StateSpec[],
  { video, grid, first }: GivenGeometry,
): Omit<GivenTensor, 'name'> {
  const [{ spec, their }] = parts as [Part, ...Part[]];
  const { conversion, leading = 0 } = their;
  const { shape } = spec;
  const width = shape.at(-1) ?? 1;
  const ones = Array.from({ length: leading }, () => 1);
  const alone = (theirs: Shape, make = (data: Float32Array): Float32Array => data) => ({
    shape: theirs,
    from: [spec],
    make: ([data = new Float32Array()]: readonly Float32Array[]) => make(data),
  });
  switch (conversion) {
    case 'same':
    case 'rows':
    case 'cubes':
      return alone(shape);
    case 'reshape':
    case 'class':
      return alone([...ones, ...shape]);
    case 'slots':
      return alone([...ones, grid.slots, width]);
    case 'conv3d':
    case 'conv2d': {
      const { tubelet, patch } = video;
      const frames = conversion === 'conv3d' ? [tubelet] : [];
      const kernel = [shape[0] ?? 0, 3, ...frames, patch, patch];
      return alone(kernel, (data) => toTheirs(data, kernel, conversion));
    }
    case 'places': {
      const rows = grid.rows * grid.columns;
      return {
        shape: [...ones, first + rows, width],
        from: [spec, ...added],
        make: (data) => placesTable(data, first, rows, width),
      };
    }
    case 'third.0':
    case 'third.1':
    case 'third.2': {
      const thirds = [...parts].sort((a, b) => order(a) - order(b)).map((part) => part.spec);
      return {
        shape: [3 * (shape[0] ?? 0), ...shape.slice(1)],
        from: thirds,
        make: (data) => joined(data, elementCount(shape)),
      };
    }
    default:
      return conversion satisfies never;
  }
}

function order({ their }: Part): number {
  return Number(their.conversion.slice(-1));
}

function joined(parts: readonly Float32Array[], each: number): Float32Array {
  const result = new Float32Array(parts.length * each);
  for (const [index, part] of parts.entries()) result.set(part, index * each);
  return result;
}

/** Zeros for what stands in front, then the places, each with the vectors that are added to all. */
function placesTable(
  [places = new Float32Array(), ...added]: readonly Float32Array[],
  first: number,
  rows: number,
  width: number,
): Float32Array {
  const table = new Float32Array((first + rows) * width);
  table.set(places, first * width);
  // What is all zeros changes no bit, not even the sign of a zero.
  for (const vector of added.filter((each) => each.some((value) => value !== 0))) {
    for (let index = first * width; index < table.length; index++) {
      table[index] = (table[index] as number) + (vector[index % width] as number);
    }
  }
  return table;
}

function homeless({ name: layout }: Layout, { name, shape }: StateSpec): LacunaError {
  return new LacunaError({
    where: name,
    what: `the layout ${layout} has no place for this tensor`,
    got: `[${shape}]`,
  });
}
