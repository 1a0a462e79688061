/** Units of one packet that are looked at; a packet with more is not understood. */
const MAX_UNITS = 1024;
/** Bytes of a unit that are looked at: parameter sets and slice headers are shorter. */
const MAX_HEADER_BYTES = 4096;
const SLICE_HEADER_BYTES = 64;
const START_CODE = Buffer.from([0, 0, 1]);

/**
 * The NAL units of a packet of H.264 or HEVC: after start codes (annex B), or each after its length
 * in `lengthBytes` bytes (ISO/IEC 14496-15). Undefined where the lengths do not add up.
 */
export function nalUnits(packet: Uint8Array, lengthBytes: number): Uint8Array[] | undefined {
  return lengthBytes === 0 ? afterStartCodes(packet) : afterLengths(packet, lengthBytes);
}

function afterLengths(packet: Uint8Array, lengthBytes: number): Uint8Array[] | undefined {
  const units: Uint8Array[] = [];
  for (let at = 0; at < packet.length; ) {
    let length = 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + (packet[at + i] ?? 0);
    at += lengthBytes;
    if (at + length > packet.length || units.length === MAX_UNITS) return undefined;
    // A view made so costs less than that of a Buffer.
    if (length > 0) units.push(new Uint8Array(packet.buffer, packet.byteOffset + at, length));
    at += length;
  }
  return units;
}

function afterStartCodes(packet: Uint8Array): Uint8Array[] | undefined {
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.length);
  const units: Uint8Array[] = [];
  let at = bytes.indexOf(START_CODE);
  while (at !== -1) {
    const next = bytes.indexOf(START_CODE, at + 3);
    const end = next === -1 ? bytes.length : next;
    if (units.length === MAX_UNITS) return undefined;
    if (end > at + 3) units.push(packet.subarray(at + 3, end));
    at = next;
  }
  return units;
}

/**
 * The payload of a unit's first bytes, after its header: without the bytes 3 that keep start codes
 * out of it (7.4.1 of both standards). Of slices only what a slice header takes, valid until the next
 * call: every packet of a stream has one.
 */
export function payload(unit: Uint8Array, headerBytes: number, isSlice: boolean): Uint8Array {
  const most = isSlice ? SLICE_HEADER_BYTES : MAX_HEADER_BYTES;
  const end = Math.min(unit.length, headerBytes + most);
  const out = isSlice ? sliceHeader : new Uint8Array(Math.max(0, end - headerBytes));
  let used = 0;
  let zeros = 0;
  for (let at = headerBytes; at < end; at++) {
    const byte = unit[at] as number;
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out[used++] = byte;
  }
  return used === out.length ? out : out.subarray(0, used);
}

const sliceHeader = new Uint8Array(SLICE_HEADER_BYTES);

/** Parameter sets of a stream by their id, and whether one was ever replaced by another. */
export class ParameterSets<T> {
  /** Whether two sets of one id differed: then decoding begins only where sets are sent again. */
  hasChanged = false;
  readonly #sets = new Map<number, { readonly bytes: string; readonly set: T }>();

  /** At most `limit` ids are kept, as the standards have them. */
  put(id: number, limit: number, unit: Uint8Array, set: T): void {
    if (id >= limit) return;
    const bytes = Buffer.from(unit.buffer, unit.byteOffset, unit.length).toString('latin1');
    const before = this.#sets.get(id);
    if (before !== undefined && before.bytes !== bytes) this.hasChanged = true;
    this.#sets.set(id, { bytes, set });
  }

  get(id: number): T | undefined {
    return this.#sets.get(id)?.set;
  }
}
