import { LacunaError } from '../spec/errors.js';

/** A numeric array of a `.npy` file, in row-major order. */
export interface NpyArray {
  readonly shape: readonly number[];
  /** Single precision where the file has it or less, else double. */
  readonly values: Float32Array | Float64Array;
}

const MAGIC = '\u0093NUMPY';
/** Bytes of a header, at most; before it there are up to 12. */
const MAX_HEADER = 2 ** 16;
export const NPY_HEAD: number = MAX_HEADER + 12;

const FIX = 'Write it with numpy.save(FILE, array), an array of float32 or float64.';

interface NpyType {
  readonly bytes: number;
  readonly isDouble: boolean;
  readonly read: (view: DataView, at: number, little: boolean) => number;
}

const TYPES: Readonly<Record<string, NpyType>> = {
  f2: { bytes: 2, isDouble: false, read: (view, at, little) => half(view.getUint16(at, little)) },
  f4: { bytes: 4, isDouble: false, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { bytes: 8, isDouble: true, read: (view, at, little) => view.getFloat64(at, little) },
  i1: { bytes: 1, isDouble: false, read: (view, at) => view.getInt8(at) },
  u1: { bytes: 1, isDouble: false, read: (view, at) => view.getUint8(at) },
  i4: { bytes: 4, isDouble: true, read: (view, at, little) => view.getInt32(at, little) },
  i8: {
    bytes: 8,
    isDouble: true,
    read: (view, at, little) => whole(view.getBigInt64(at, little)),
  },
};

/**
 * Reads a NumPy `.npy` file (versions 1 to 3) of numbers: f2, f4, f8, i1, u1, i4, i8, of either byte
 * order, row-major or column-major. Objects (pickles) and everything else are refused: a file of a
 * stranger runs nothing here.
 *
 * @param where What an error calls the file.
 * @throws LacunaError for what is no such file, or whose size is not what its header says.
 */
export function decodeNpy(file: Uint8Array, where: string): NpyArray {
  const { descr, isFortran, shape, start } = npyHead(file, where);
  const [, order = '', name = ''] = /^([<>|=]?)(.*)$/.exec(descr) ?? [];
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (type === undefined) {
    throw broken(where, 'the elements are of a type that is not read', {
      got: descr,
      expected: `one of ${Object.keys(TYPES).join(', ')}`,
    });
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(count) || file.length - start !== count * type.bytes) {
    throw broken(where, 'the file is not as long as its shape says', {
      got: `${file.length - start} bytes for shape [${shape.join(', ')}] of ${descr}`,
      expected: `${count * type.bytes}`,
    });
  }
  const view = new DataView(file.buffer, file.byteOffset + start, file.length - start);
  const values = type.isDouble ? new Float64Array(count) : new Float32Array(count);
  const place = isFortran ? columnMajor(shape) : (index: number) => index;
  for (let i = 0; i < count; i++) values[place(i)] = type.read(view, i * type.bytes, order !== '>');
  return { shape, values };
}

/** What the header of a `.npy` file says. */
export interface NpyHead {
  /** The type of the elements as NumPy spells it: `<f4`. */
  readonly descr: string;
  readonly isFortran: boolean;
  readonly shape: readonly number[];
  /** Where the elements begin. */
  readonly start: number;
}

/**
 * Reads the header, of which `file` has the first `NPY_HEAD` bytes or more.
 *
 * @throws LacunaError for what is no such file, and for an array of records.
 */
export function npyHead(file: Uint8Array, where: string, fix: string = FIX): NpyHead {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  const version = file[6] ?? 0;
  const wide = version === 1 ? 2 : 4;
  const isNpy = bytes.toString('latin1', 0, 6) === MAGIC && version >= 1 && version <= 3;
  if (!isNpy || file.length < 8 + wide) throw broken(where, 'this is no .npy file', { fix });
  const length = wide === 2 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const start = 8 + wide + length;
  if (length > MAX_HEADER || start > file.length) {
    throw broken(where, 'the header is longer than the file, or than any header is', { fix });
  }
  const text = bytes.toString('latin1', 8 + wide, start);
  const descr = /'descr'\s*:\s*'([^']{2,8})'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const sizes = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  const shape = sizes?.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]));
  const isShape = shape?.every((size) => Number.isSafeInteger(size)) === true;
  if (descr === undefined || order === undefined || !isShape) {
    const got = text.slice(0, 80);
    throw broken(where, 'the header is not one of an array of numbers', { got, fix });
  }
  return { descr, isFortran: order === 'True', shape, start };
}

/**
 * The header of a whole `.npy` file, of any type of elements, of which the first `NPY_HEAD` bytes are enough.
 *
 * @param size Bytes of the whole file.
 * @param fix How whoever wrote it writes a good one.
 * @throws LacunaError for a type that NumPy has not, and where the size is not what the header says; of objects (pickles),
 * which may have any, it is not asked.
 */
export function wholeNpyHead(
  file: Uint8Array,
  size: number,
  where: string,
  fix: string = FIX,
): NpyHead {
  const head = npyHead(file, where, fix);
  const { descr, shape, start } = head;
  const isObjects = OBJECTS.test(descr);
  const bytes = npyElementBytes(descr);
  if (!isObjects && bytes === undefined) {
    throw broken(where, 'the elements are of a type that is not known', { got: descr, fix });
  }
  const count = shape.reduce((product, each) => product * each, 1);
  const expected = count * (bytes ?? 1);
  if (Number.isSafeInteger(count) && (isObjects || size - start === expected)) return head;
  throw broken(where, 'the file is not as long as its shape says', {
    got: `${size - start} bytes for shape [${shape.slice(0, 8).join(', ')}] of ${descr}`,
    expected: `${expected}`,
    fix,
  });
}

/** Objects (pickles), as NumPy spells them now and spelled them long ago. */
const OBJECTS = /^\|O[48]?$/;

/** Bytes of an element of a type, four for each character of `<U8`, eight for times (`<M8[ns]`); undefined of others. */
function npyElementBytes(descr: string): number | undefined {
  const sized = /^[<>|=]?([biufcSUV])(\d+)$/.exec(descr);
  if (sized !== null) return Number(sized[2]) * (sized[1] === 'U' ? 4 : 1);
  return /^[<>=]?[mM]8(?:\[\w+\])?$/.test(descr) ? 8 : undefined;
}

/** Where the elements of a column-major array stand in the row-major one. */
function columnMajor(shape: readonly number[]): (index: number) => number {
  return (index) => {
    let rest = index;
    const at = shape.map((size) => {
      const coordinate = rest % size;
      rest = (rest - coordinate) / size;
      return coordinate;
    });
    return shape.reduce((place, size, axis) => place * size + (at[axis] as number), 0);
  };
}

/** NaN, which no score may be, where two numbers might become equal. */
function whole(value: bigint): number {
  return BigInt(Number.MAX_SAFE_INTEGER) < value || value < -BigInt(Number.MAX_SAFE_INTEGER)
    ? Number.NaN
    : Number(value);
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function broken(
  where: string,
  what: string,
  facts: { readonly got?: string; readonly expected?: string; readonly fix?: string } = {},
): LacunaError {
  return new LacunaError({ where, what, fix: FIX, ...facts });
}
