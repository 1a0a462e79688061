import { describe, expect, it } from 'vitest';
import { decodeNpy } from './npy.js';

/** A file as NumPy writes it: the header is filled up with blanks. */
function npy(
  descr: string,
  shape: string,
  data: Uint8Array,
  more = { fortran: false, version: 1 },
): Uint8Array {
  const { fortran, version } = more;
  const order = fortran ? 'True' : 'False';
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`.padEnd(117);
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(text.length + 1);
  else length.writeUInt32LE(text.length + 1);
  const magic = Buffer.from([0x93, ...Buffer.from('NUMPY'), version, 0]);
  return Buffer.concat([magic, length, Buffer.from(`${text}\n`), data]);
}

const bytes = (
  values: Float32Array | Float64Array | Uint16Array | Int8Array | BigInt64Array,
): Uint8Array => new Uint8Array(values.buffer);

describe('decodeNpy', () => {
  it('reads numbers of every width, order and version', () => {
    const six = Float64Array.of(1, 2.5, -3, 4, 5, Number.NaN);
    expect(decodeNpy(npy('<f8', '(2, 3)', bytes(six)), 'x')).toEqual({
      shape: [2, 3],
      values: six,
    });
    const turned = decodeNpy(npy('<f8', '(2, 3)', bytes(six), { fortran: true, version: 2 }), 'x');
    expect([...turned.values]).toEqual([1, -3, 5, 2.5, 4, Number.NaN]);
    const single = decodeNpy(npy('<f4', '(2,)', bytes(Float32Array.of(0.1, 2))), 'x');
    expect(single).toEqual({ shape: [2], values: Float32Array.of(0.1, 2) });
    expect(decodeNpy(npy('f4', '(2,)', bytes(Float32Array.of(0.1, 2))), 'x')).toEqual(single);
    const swapped = bytes(Float32Array.of(0.1, 2)).reverse();
    expect([...decodeNpy(npy('>f4', '(2,)', swapped), 'x').values]).toEqual([2, Math.fround(0.1)]);
    const halves = Uint16Array.of(0x3c00, 0xc100, 0x7c00, 0xfe00, 1, 0x8000);
    expect([...decodeNpy(npy('<f2', '(6,)', bytes(halves)), 'x').values]).toEqual([
      1,
      -2.5,
      Number.POSITIVE_INFINITY,
      Number.NaN,
      2 ** -24,
      -0,
    ]);
    const longs = bytes(BigInt64Array.of(-7n, 2n ** 40n));
    expect([...decodeNpy(npy('<i8', '(1, 2)', longs), 'x').values]).toEqual([-7, 2 ** 40]);
    expect([...decodeNpy(npy('|i1', '(2,)', bytes(Int8Array.of(-1, 5))), 'x').values]).toEqual([
      -1, 5,
    ]);
  });

  it.each([
    ['nothing', new Uint8Array(0), /no .npy file/],
    ['another file', Buffer.from('PK\u0003\u0004 a zip of arrays'), /no .npy file/],
    ['a pickle', npy('|O', '(1,)', new Uint8Array(8)), /type that is not read; got \|O,/],
    [
      'a pickle that is spelled so',
      npy('|O8', '(1,)', new Uint8Array(8)),
      /type that is not read; got \|O8,/,
    ],
    ['a name of an object', npy('<constructor', '(1,)', new Uint8Array(8)), /numbers/],
    ['a short file', npy('<f8', '(2, 2)', new Uint8Array(24)), /not as long as its shape says/],
    ['a long one', npy('<f8', '(2, 2)', new Uint8Array(40)), /not as long as its shape says/],
    ['an endless shape', npy('<f8', '(9999999999, 9999999999)', new Uint8Array(8)), /not as long/],
    ['a size that is no number', npy('<f8', '(1 2,)', new Uint8Array(8)), /not one of an array/],
    ['one too large', npy('<f8', '(99999999999999999999, 0)', new Uint8Array(0)), /not one of an/],
    [
      'a header beyond the end',
      npy('<f4', '(1,)', new Uint8Array(4)).subarray(0, 60),
      /longer than the file/,
    ],
  ] as const)('refuses %s', (_, file, sentence) => {
    expect(() => decodeNpy(file, 'scores.npy')).toThrow(sentence);
  });
});
