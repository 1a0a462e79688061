import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitReader } from './bit-reader.js';
import { nalUnits, payload } from './nal-units.js';
import { AnchorOrder } from './picture.js';
import { pictureReader } from './picture-reader.js';

const CODECS = ['h264', 'hevc', 'mpeg1video', 'mpeg2video', 'mpeg4', 'vp8', 'vp9', 'av1', 'mjpeg'];

/** Bytes that look like headers: start codes, few ones, and anything. */
const BYTES = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        [0, 0, 1, 0x67],
        [0, 0, 1, 0x65],
        [0, 0, 1, 0x40, 1],
        [0, 0, 1, 0xb6],
        [0, 0, 1, 0],
      ),
      fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 12 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Uint8Array.from(parts.flat()));

describe.each(CODECS)('the picture reader of %s', (codec) => {
  it('takes any bytes', () => {
    fc.assert(
      fc.property(BYTES, fc.array(BYTES, { maxLength: 6 }), (extradata, packets) => {
        const reader = pictureReader(codec, extradata);
        for (const packet of packets) {
          const picture = reader?.read(packet);
          if (picture !== undefined) expect(Number.isFinite(picture.order)).toBe(true);
        }
      }),
    );
  });

  it('does not understand an empty packet', () => {
    expect(pictureReader(codec, new Uint8Array())?.read(new Uint8Array())).toBeUndefined();
  });
});

describe('BitReader', () => {
  it('reads numbers as they lie in the bits, zeros beyond the end, and says so', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 32 }), { maxLength: 6 }),
        (bytes, counts) => {
          const all = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
          const reader = new BitReader(bytes);
          let at = 0;
          for (const count of counts) {
            const bits = all.slice(at, at + count).padEnd(count, '0');
            expect(reader.bits(count)).toBe(Number.parseInt(bits, 2));
            at += count;
          }
          expect(reader.isPast).toBe(at > all.length);
        },
      ),
    );
  });

  it('reads the codes of table 9-2', () => {
    const bits = new BitReader(Uint8Array.from([0b1010_0110, 0b0100_0010, 0b1000_0000]));
    expect([1, 2, 3, 4].map(() => bits.unsigned())).toEqual([0, 1, 2, 3]);
    const signed = new BitReader(Uint8Array.from([0b1010_0110, 0b0100_0010, 0b1000_0000]));
    expect([1, 2, 3, 4].map(() => signed.signed())).toEqual([0, 1, -1, 2]);
  });
});

describe('nalUnits', () => {
  it('finds units after start codes and after lengths', () => {
    const annexB = Uint8Array.from([0, 0, 0, 1, 9, 8, 0, 0, 1, 7]);
    expect(nalUnits(annexB, 0)?.map((unit) => unit[0])).toEqual([9, 7]);
    expect(nalUnits(Uint8Array.from([0, 2, 9, 8, 0, 1, 7]), 2)?.map((unit) => [...unit])).toEqual([
      [9, 8],
      [7],
    ]);
    expect(nalUnits(Uint8Array.from([0, 9, 1]), 2)).toBeUndefined();
  });

  it('leaves out the bytes that keep start codes from a payload', () => {
    const unit = Uint8Array.from([0x67, 0, 0, 3, 1, 0, 0, 3, 0, 5]);
    expect([...payload(unit, 1, false)]).toEqual([0, 0, 1, 0, 0, 0, 5]);
  });
});

describe('AnchorOrder', () => {
  it('gives an anchor after the B frames that follow it in the file', () => {
    const order = new AnchorOrder();
    const add = (isB: boolean): { readonly order: number } =>
      order.add({ isShown: true, isEntry: false, order: 0 }, isB);
    const [i, p, b, c, q] = [add(false), add(false), add(true), add(true), add(false)];
    const shown = [i, b, c, p, q].map((picture) => picture.order);
    expect(shown).toEqual([...shown].sort((x, y) => x - y));
    expect(new Set(shown).size).toBe(5);
  });
});

describe('a recovery point of H.264', () => {
  /** Codes of 9.1 and plain bits as bytes, with the stop bit. */
  const bytes = (...parts: readonly (string | number)[]): number[] => {
    const code = (value: number): string => {
      const digits = (value + 1).toString(2);
      return '0'.repeat(digits.length - 1) + digits;
    };
    const all = parts.map((part) => (typeof part === 'string' ? part : code(part))).join('');
    const whole = `${all}1`.padEnd(8 * Math.ceil((all.length + 1) / 8), '0');
    return (whole.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  };
  const START = [0, 0, 1];
  const BASELINE = '010000100000000000011110'; // profile 66, level 30
  const SPS = [...START, 0x67, ...bytes(BASELINE, 0, 0, 2, 1, '0', 0, 0, '1', '0', '0', '0')];
  const PPS = [...START, 0x68, ...bytes(0, 0, '00', 0, 0, 0, '000', 0, 0, 0, '000')];
  const slice = (type: number, number: string): number[] => [
    ...[...START, 0x61],
    ...bytes(0, type, 0, number, '1'.repeat(64)),
  ];
  const point = (...payload: readonly (string | number)[]): number[] => {
    const sei = bytes(...payload);
    return [...START, 0x06, 6, sei.length, ...sei, 0x80];
  };
  const [I, P] = [7, 5];
  const [EXACT, ABOUT, BROKEN] = ['10', '00', '11'];

  it.each([
    ['at its own picture', 0, EXACT, I, true],
    ['some pictures later', 3, EXACT, I, false],
    ['that is not exact', 0, ABOUT, I, false],
    ['of a broken link', 0, BROKEN, I, false],
    ['at a picture that is predicted', 0, EXACT, P, false],
  ])('%s', (_, count, flags, type, isEntry) => {
    const reader = pictureReader('h264', Uint8Array.from([...SPS, ...PPS]));
    const first = reader?.read(Uint8Array.from(slice(I, '0000')));
    expect(first).toMatchObject({ isShown: true, isEntry: false });
    const packet = [...point(count, flags), ...slice(type, '0001')];
    expect(reader?.read(Uint8Array.from(packet))).toMatchObject({ isShown: true, isEntry });
  });
});

describe('a packet of VP8 or VP9', () => {
  it.each([
    ['vp8', [0b0001_0000], true, true],
    ['vp8', [0b0001_0001], true, false],
    ['vp8', [0b0000_0001], false, false],
    ['vp9', [0b1000_0010], true, true],
    ['vp9', [0b1000_0110], true, false],
    ['vp9', [0b1000_0100], false, false],
    ['vp9', [0b1000_1000], true, false], // shows an existing frame
    ['vp9', [0b1011_0001, 0], true, true], // profile 3 has one more bit before
    ['vp9', [0b1011_0010, 0], false, false],
    ['vp9', [0b1000_0100, 0b1000_0110, 0xc1, 1, 1, 0xc1], true, false], // a superframe
  ] as const)(
    'of %s with the bytes %j is shown: %s, an entry: %s',
    (codec, bytes, isShown, isEntry) => {
      const picture = pictureReader(codec, new Uint8Array())?.read(Uint8Array.from(bytes));
      expect(picture).toMatchObject({ isShown, isEntry });
    },
  );

  it('that shows two frames is left to the decoder', () => {
    const bytes = Uint8Array.from([0b1000_0010, 0b1000_0110, 0xc1, 1, 1, 0xc1]);
    expect(pictureReader('vp9', new Uint8Array())?.read(bytes)).toBeUndefined();
  });
});
