import { BitReader } from './bit-reader.js';

/** What is read of a sequence parameter set of H.264 (7.3.2.1.1). */
export interface SequenceParameters {
  readonly id: number;
  readonly hasColourPlanes: boolean;
  readonly frameNumberBits: number;
  /** How the order is told: 0 by the low bits of a count, 1 by a cycle, 2 it is that of decoding. */
  readonly orderType: number;
  readonly orderBits: number;
  readonly areAllFrames: boolean;
  /** Frames that may be held back to be shown in order; undefined where the stream does not say. */
  readonly reorderedFrames: number | undefined;
}

/** What is read of a picture parameter set (7.3.2.2). */
export interface PictureParameters {
  readonly id: number;
  readonly sequence: number;
  /** Whether slices of frames tell the bottom field's count too. */
  readonly hasBottomOrder: boolean;
  readonly hasRedundantSlices: boolean;
}

/** Undefined where the bytes are none, or pictures have groups of slices. */
export function pictureParameters(payload: Uint8Array): PictureParameters | undefined {
  const bits = new BitReader(payload);
  const [id, sequence] = [bits.unsigned(), bits.unsigned()];
  bits.skip(1);
  const hasBottomOrder = bits.flag();
  const groups = bits.unsigned();
  bits.unsigned();
  bits.unsigned();
  bits.skip(3);
  for (let i = 0; i < 3; i++) bits.signed();
  bits.skip(2);
  const hasRedundantSlices = bits.flag();
  if (bits.isPast || groups > 0) return undefined;
  return { id, sequence, hasBottomOrder, hasRedundantSlices };
}

/** Profiles whose parameter sets tell of chroma and scaling. */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** Undefined where the bytes are none. */
export function sequenceParameters(payload: Uint8Array): SequenceParameters | undefined {
  const bits = new BitReader(payload);
  const profile = bits.bits(8);
  bits.skip(16);
  const id = bits.unsigned();
  let hasColourPlanes = false;
  if (HIGH_PROFILES.has(profile)) {
    const chroma = bits.unsigned();
    if (chroma === 3) hasColourPlanes = bits.flag();
    bits.unsigned();
    bits.unsigned();
    bits.skip(1);
    if (bits.flag()) {
      for (let list = 0; list < (chroma === 3 ? 12 : 8); list++) {
        if (bits.flag()) skipScalingList(bits, list < 6 ? 16 : 64);
      }
    }
  }
  const frameNumberBits = bits.unsigned() + 4;
  const orderType = bits.unsigned();
  let orderBits = 0;
  if (orderType === 0) orderBits = bits.unsigned() + 4;
  if (orderType === 1) {
    bits.skip(1);
    bits.signed();
    bits.signed();
    const cycle = Math.min(bits.unsigned(), 255);
    for (let i = 0; i < cycle; i++) bits.signed();
  }
  bits.unsigned();
  bits.skip(1);
  bits.unsigned();
  bits.unsigned();
  const areAllFrames = bits.flag();
  if (!areAllFrames) bits.skip(1);
  bits.skip(1);
  if (bits.flag()) for (let i = 0; i < 4; i++) bits.unsigned();
  const reorderedFrames = bits.flag() ? reorderedOf(bits) : undefined;
  if (bits.isPast || frameNumberBits > 16 || orderBits > 16 || orderType > 2) return undefined;
  return {
    id,
    hasColourPlanes,
    frameNumberBits,
    orderType,
    orderBits,
    areAllFrames,
    reorderedFrames,
  };
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (((last + bits.signed()) % 256) + 256) % 256;
    if (next !== 0) last = next;
  }
}

/** Reads the usability information (annex E) to its bitstream restriction. */
function reorderedOf(bits: BitReader): number | undefined {
  if (bits.flag() && bits.bits(8) === 255) bits.skip(32);
  if (bits.flag()) bits.skip(1);
  if (bits.flag()) {
    bits.skip(4);
    if (bits.flag()) bits.skip(24);
  }
  if (bits.flag()) {
    bits.unsigned();
    bits.unsigned();
  }
  if (bits.flag()) bits.skip(65);
  const hasRates = [bits, bits].map((each) => {
    if (!each.flag()) return false;
    const count = Math.min(each.unsigned(), 31);
    each.skip(8);
    for (let i = 0; i <= count; i++) {
      each.unsigned();
      each.unsigned();
      each.skip(1);
    }
    each.skip(20);
    return true;
  });
  if (hasRates.includes(true)) bits.skip(1);
  bits.skip(1);
  if (!bits.flag()) return undefined;
  bits.skip(1);
  for (let i = 0; i < 4; i++) bits.unsigned();
  return bits.unsigned();
}
