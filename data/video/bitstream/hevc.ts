import { BitReader } from './bit-reader.js';
import { nalUnits, ParameterSets, payload } from './nal-units.js';
import { orderIn, type Picture, type PictureReader } from './picture.js';

const [RADL_N, RASL_N, RASL_R] = [6, 8, 9];
const [BLA_FIRST, BLA_LAST, IDR_FIRST, IDR_LAST, CRA, IRAP_LAST] = [16, 18, 19, 20, 21, 23];
const [SPS, PPS, END_OF_SEQUENCE, END_OF_BITSTREAM] = [33, 34, 36, 37];

interface SequenceParameters {
  readonly id: number;
  readonly hasColourPlanes: boolean;
  readonly orderBits: number;
}

interface PictureParameters {
  readonly sequence: number;
  readonly hasOutputFlag: boolean;
  readonly extraBits: number;
}

/**
 * HEVC (ITU-T H.265). Decoding is right from IDR and CRA pictures on, in the order shown. What comes
 * before the first of them is not decoded (decoders before FFmpeg 8 make something up), nor are RASL
 * pictures of a CRA at the start (8.1.3). Streams with BLA pictures, that end and
 * begin again, or that drop pictures that wait, are left to the decoder.
 */
export class HevcReader implements PictureReader {
  readonly #lengthBytes: number;
  readonly #sequences = new ParameterSets<SequenceParameters>();
  readonly #pictures = new ParameterSets<PictureParameters>();
  #sequence = 0;
  #high = 0;
  #low = 0;
  #pictureCount = 0;
  #beginsWithCra = false;

  /** @param extradata The container's configuration: `hvcC`, or units after start codes. */
  constructor(extradata: Uint8Array) {
    const isConfiguration = extradata[0] === 1 && extradata.length > 23;
    this.#lengthBytes = isConfiguration ? ((extradata[21] ?? 0) & 3) + 1 : 0;
    const units = isConfiguration ? configurationUnits(extradata) : nalUnits(extradata, 0);
    for (const unit of units ?? []) this.#readParameters(unit);
  }

  read(packet: Uint8Array): Picture | undefined {
    let picture: Picture | undefined;
    let hasSets = false;
    for (const unit of nalUnits(packet, this.#lengthBytes) ?? []) {
      const type = unitType(unit);
      if (layerOf(unit) !== 0) continue;
      if (type === END_OF_SEQUENCE || type === END_OF_BITSTREAM) return undefined;
      hasSets ||= type === SPS;
      if (type === SPS || type === PPS) this.#readParameters(unit);
      if (type > IRAP_LAST) continue;
      const bits = new BitReader(payload(unit, 2, true));
      if (!bits.flag()) continue; // not the picture's first slice
      if (picture !== undefined) return undefined;
      picture = this.#picture(unit, bits, hasSets);
      if (picture === undefined) return undefined;
    }
    return picture;
  }

  #readParameters(unit: Uint8Array): void {
    const bytes = payload(unit, 2, false);
    if (unitType(unit) === SPS) {
      const set = sequenceParameters(bytes);
      if (set !== undefined) this.#sequences.put(set.id, 16, unit, set);
    }
    if (unitType(unit) === PPS) {
      const bits = new BitReader(bytes);
      const [id, sequence] = [bits.unsigned(), bits.unsigned()];
      bits.skip(1);
      const [hasOutputFlag, extraBits] = [bits.flag(), bits.bits(3)];
      this.#pictures.put(id, 64, unit, { sequence, hasOutputFlag, extraBits });
    }
  }

  /** The picture of a first slice (7.3.6.1). */
  #picture(unit: Uint8Array, bits: BitReader, hasSets: boolean): Picture | undefined {
    const type = unitType(unit);
    const isIrap = type >= BLA_FIRST && type <= IRAP_LAST;
    const isIdr = type === IDR_FIRST || type === IDR_LAST;
    const isBefore = !isIrap && this.#pictureCount === 0;
    const isFirst = isIrap && this.#pictureCount++ === 0;
    if (type >= BLA_FIRST && type <= BLA_LAST) return undefined;
    const dropsWhatWaits = isIrap && bits.flag();
    if (dropsWhatWaits && !isFirst) return undefined;
    const parameters = this.#pictures.get(bits.unsigned());
    const sequence = parameters && this.#sequences.get(parameters.sequence);
    if (parameters === undefined || sequence === undefined) return undefined;
    bits.skip(parameters.extraBits);
    bits.unsigned();
    const isOutput = !parameters.hasOutputFlag || bits.flag();
    if (sequence.hasColourPlanes) bits.skip(2);
    const low = isIdr ? 0 : bits.bits(sequence.orderBits);
    if (bits.isPast) return undefined;
    if (isFirst) this.#beginsWithCra = type === CRA;
    if (isIrap && !isFirst) this.#beginsWithCra = false;
    const isRasl = type === RASL_N || type === RASL_R;
    const isSelfContained = !(this.#sequences.hasChanged || this.#pictures.hasChanged) || hasSets;
    return {
      isShown: isOutput && !isBefore && !(isRasl && this.#beginsWithCra),
      isEntry: (isIdr || type === CRA) && isSelfContained,
      order: this.#order(unit, low, isIdr || isFirst, sequence.orderBits),
    };
  }

  /** 8.3.1: the high part of the count changes where the low part wraps. */
  #order(unit: Uint8Array, low: number, begins: boolean, orderBits: number): number {
    const size = 2 ** orderBits;
    let high = this.#high;
    if (begins) {
      this.#sequence++;
      high = 0;
    } else if (low < this.#low && this.#low - low >= size / 2) high += size;
    else if (low > this.#low && low - this.#low > size / 2) high -= size;
    const type = unitType(unit);
    const isBase = ((unit[1] ?? 0) & 7) === 1;
    const isLeading = type >= RADL_N && type <= RASL_R;
    const isSubLayer = type <= 14 && type % 2 === 0;
    if (begins || (isBase && !isLeading && !isSubLayer)) {
      this.#high = high;
      this.#low = low;
    }
    return orderIn(this.#sequence, high + low);
  }
}

function unitType(unit: Uint8Array): number {
  return ((unit[0] ?? 0) >> 1) & 63;
}

function layerOf(unit: Uint8Array): number {
  return ((unit[0] ?? 0) & 1) * 32 + ((unit[1] ?? 0) >> 3);
}

/** 7.3.2.2.1, to the bits of the picture order count. */
function sequenceParameters(bytes: Uint8Array): SequenceParameters | undefined {
  const bits = new BitReader(bytes);
  bits.skip(4);
  const layers = bits.bits(3);
  bits.skip(1 + 88 + 8);
  const present = Array.from({ length: layers }, () => [bits.flag(), bits.flag()] as const);
  if (layers > 0) bits.skip(2 * (8 - layers));
  for (const [hasProfile, hasLevel] of present)
    bits.skip((hasProfile ? 88 : 0) + (hasLevel ? 8 : 0));
  const id = bits.unsigned();
  const hasColourPlanes = bits.unsigned() === 3 && bits.flag();
  bits.unsigned();
  bits.unsigned();
  if (bits.flag()) for (let i = 0; i < 4; i++) bits.unsigned();
  bits.unsigned();
  bits.unsigned();
  const orderBits = bits.unsigned() + 4;
  return bits.isPast || orderBits > 16 ? undefined : { id, hasColourPlanes, orderBits };
}

/** The parameter sets of an `hvcC` (ISO/IEC 14496-15, 8.3.3.1). */
function configurationUnits(bytes: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  const two = (at: number): number => (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  let at = 23;
  for (let array = 0; array < (bytes[22] ?? 0) && at + 3 <= bytes.length; array++) {
    const count = two(at + 1);
    at += 3;
    for (let i = 0; i < count && at + 2 <= bytes.length; i++) {
      const length = two(at);
      units.push(bytes.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return units;
}
