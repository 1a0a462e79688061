import { BitReader } from './bit-reader.js';
import {
  type PictureParameters,
  pictureParameters,
  type SequenceParameters,
  sequenceParameters,
} from './h264-parameters.js';
import { nalUnits, ParameterSets, payload } from './nal-units.js';
import { orderIn, type Picture, type PictureReader } from './picture.js';

const [SLICE, IDR, SEI, SPS, PPS] = [1, 5, 6, 7, 8];
const RECOVERY_POINT = 6;

/** What is read of the header of a picture's first slice (7.3.3). */
interface SliceHeader {
  readonly sequence: SequenceParameters;
  readonly isReference: boolean;
  readonly isIdr: boolean;
  readonly type: number;
  readonly frameNumber: number;
  readonly field: 'top' | 'bottom' | undefined;
  readonly orderCount: number;
}

/**
 * H.264 (ITU-T H.264). Decoding is right from an IDR picture on, or from a recovery point that is
 * exact and at its own picture (recovery_frame_cnt 0, D.2.8): not from the others, which is how
 * pictures that are refreshed piece by piece are marked. Two field pictures make one frame.
 */
export class H264Reader implements PictureReader {
  readonly #lengthBytes: number;
  readonly #sequences = new ParameterSets<SequenceParameters>();
  readonly #pictures = new ParameterSets<PictureParameters>();
  #sequence = 0;
  #high = 0;
  #low = 0;
  #referenceNumber: number | undefined;
  #firstField: SliceHeader | undefined;
  #decoded = 0;
  #waiting: number[] = [];
  #given = Number.NEGATIVE_INFINITY;

  /** @param extradata The container's configuration: `avcC`, or units after start codes. */
  constructor(extradata: Uint8Array) {
    const isConfiguration = extradata[0] === 1 && extradata.length > 6;
    this.#lengthBytes = isConfiguration ? ((extradata[4] ?? 0) & 3) + 1 : 0;
    const units = isConfiguration ? configurationUnits(extradata) : nalUnits(extradata, 0);
    for (const unit of units ?? []) this.#readParameters(unit);
  }

  read(packet: Uint8Array): Picture | undefined {
    let header: SliceHeader | undefined;
    let isRecovery = false;
    let hasSets = false;
    let picture: Picture | undefined;
    for (const unit of nalUnits(packet, this.#lengthBytes) ?? []) {
      const type = (unit[0] ?? 0) & 31;
      hasSets ||= type === SPS;
      if (type === SPS || type === PPS) this.#readParameters(unit);
      if (type === SEI) isRecovery ||= isExactRecovery(payload(unit, 1, false));
      if (type !== SLICE && type !== IDR) continue;
      const bits = new BitReader(payload(unit, 1, true));
      if (bits.unsigned() !== 0) continue; // not the picture's first slice
      header = this.#sliceHeader(unit, bits);
      const made = header && this.#picture(header, isRecovery, hasSets);
      if (made === undefined || (picture !== undefined && made.isShown)) return undefined;
      picture ??= made;
    }
    return picture;
  }

  #readParameters(unit: Uint8Array): void {
    const type = (unit[0] ?? 0) & 31;
    if (type === SPS) {
      const set = sequenceParameters(payload(unit, 1, false));
      if (set !== undefined) this.#sequences.put(set.id, 32, unit, set);
    }
    if (type === PPS) {
      const set = pictureParameters(payload(unit, 1, false));
      if (set !== undefined) this.#pictures.put(set.id, 256, unit, set);
    }
  }

  #sliceHeader(unit: Uint8Array, bits: BitReader): SliceHeader | undefined {
    const type = bits.unsigned() % 5;
    const picture = this.#pictures.get(bits.unsigned());
    const sequence = picture && this.#sequences.get(picture.sequence);
    if (picture === undefined || sequence === undefined) return undefined;
    if (sequence.hasColourPlanes) bits.skip(2);
    const frameNumber = bits.bits(sequence.frameNumberBits);
    const isField = !sequence.areAllFrames && bits.flag();
    const field = isField ? (bits.flag() ? 'bottom' : 'top') : undefined;
    const isIdr = ((unit[0] ?? 0) & 31) === IDR;
    if (isIdr) bits.unsigned();
    const orderCount = bits.bits(sequence.orderBits);
    if (isIdr) {
      if (sequence.orderType === 0 && picture.hasBottomOrder && !isField) bits.signed();
      if (picture.hasRedundantSlices) bits.unsigned();
      const dropsWhatWaits = bits.flag();
      if (dropsWhatWaits && this.#decoded > 0) return undefined;
    }
    if (bits.isPast) return undefined;
    const isReference = ((unit[0] ?? 0) & 0x60) !== 0;
    return { sequence, isReference, isIdr, type, frameNumber, field, orderCount };
  }

  #picture(header: SliceHeader, isRecovery: boolean, hasSets: boolean): Picture | undefined {
    const { sequence, isIdr, type, field } = header;
    const first = this.#firstField;
    this.#firstField = undefined;
    const isSecond = first !== undefined && isPair(first, header);
    if (first !== undefined && !isSecond) return undefined; // a field without its other one
    if (!isSecond && !this.#follows(header)) return undefined; // a frame is lost
    const order = this.#order(header);
    if (isSecond) return { isShown: false, isEntry: false, order };
    if (field !== undefined) this.#firstField = header;
    if (!this.#isInTime(order, sequence.reorderedFrames)) return undefined;
    const isB = type === 1;
    // Without a stated delay FFmpeg guesses one, and frames that come too late are dropped.
    const isGuessed = sequence.reorderedFrames === undefined && sequence.orderType !== 2;
    if (sequence.orderType === 1 || (isGuessed && isB)) return undefined;
    const isSelfContained = !(this.#sequences.hasChanged || this.#pictures.hasChanged) || hasSets;
    const isEntry = isSelfContained && (isIdr || (isRecovery && (type === 2 || type === 4)));
    return { isShown: true, isEntry, order };
  }

  /** Whether no reference frame is missing before this one (7.4.3, frame_num). */
  #follows({ isIdr, isReference, frameNumber, sequence }: SliceHeader): boolean {
    const before = this.#referenceNumber;
    const after = before === undefined ? undefined : (before + 1) % 2 ** sequence.frameNumberBits;
    if (isReference) this.#referenceNumber = frameNumber;
    else if (before === undefined) this.#referenceNumber = frameNumber;
    return isIdr || before === undefined || frameNumber === before || frameNumber === after;
  }

  /** Whether every frame so far was given in order with this delay: those too late are dropped. */
  #isInTime(order: number, delay: number | undefined): boolean {
    if (delay === undefined) return true;
    this.#waiting.push(order);
    if (this.#waiting.length <= delay) return true;
    const next = Math.min(...this.#waiting);
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    const isInTime = next > this.#given;
    this.#given = Math.max(this.#given, next);
    return isInTime;
  }

  /** 8.2.1: the high part of the count changes where the low part wraps. */
  #order({ isIdr, isReference, sequence, orderCount }: SliceHeader): number {
    this.#decoded++;
    if (isIdr) {
      this.#sequence++;
      this.#high = 0;
      this.#low = 0;
    }
    if (sequence.orderType === 2) return orderIn(this.#sequence, this.#decoded);
    const size = 2 ** sequence.orderBits;
    let high = this.#high;
    if (orderCount < this.#low && this.#low - orderCount >= size / 2) high += size;
    else if (orderCount > this.#low && orderCount - this.#low > size / 2) high -= size;
    if (isReference) {
      this.#high = high;
      this.#low = orderCount;
    }
    return orderIn(this.#sequence, high + orderCount);
  }
}

function isPair(first: SliceHeader, second: SliceHeader): boolean {
  const isOther = second.field !== undefined && second.field !== first.field;
  return isOther && second.frameNumber === first.frameNumber && !second.isIdr;
}

/** The parameter sets of an `avcC` (ISO/IEC 14496-15, 5.3.3.1). */
function configurationUnits(bytes: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    const count = (bytes[at++] ?? 0) & mask;
    for (let i = 0; i < count && at + 2 <= bytes.length; i++) {
      const length = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
      units.push(bytes.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return units;
}

/** Whether a unit of supplemental information holds a recovery point of its own picture. */
function isExactRecovery(bytes: Uint8Array): boolean {
  let at = 0;
  const size = (): number => {
    let sum = 0;
    while (bytes[at] === 255) sum += bytes[at++] ?? 0;
    return sum + (bytes[at++] ?? 0);
  };
  while (at + 2 < bytes.length) {
    const [type, length] = [size(), size()];
    if (type === RECOVERY_POINT) {
      const bits = new BitReader(bytes.subarray(at, at + length));
      const count = bits.unsigned();
      const isExact = bits.flag();
      const isBroken = bits.flag();
      return count === 0 && isExact && !isBroken && !bits.isPast;
    }
    at += length;
  }
  return false;
}
