/** Four 32-bit words, each an unsigned integer below 2^32. */
export type Words4 = readonly [number, number, number, number];
/** Two 32-bit words, each an unsigned integer below 2^32. */
export type Words2 = readonly [number, number];

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/**
 * Philox4x32-10: a bijection of the 128-bit `counter`, chosen by the 64-bit `key`.
 * Every random draw of the method is a word of it, so that a draw depends on its address alone.
 *
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011); the known-answer
 * vectors of Random123 hold (`philox.test.ts`).
 */
export function philox4x32(counter: Words4, key: Words2): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit integers. */
export function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/**
 * The same words as `philox4x32` for counters (block, tail...), (block + 1, tail...), ..., written
 * to `out` from its index `start`: the fast path for parameters. It works in 32-bit integers alone
 * and allocates nothing.
 */
export function philoxBlocks(
  out: Uint32Array,
  start: number,
  blocks: number,
  counter: Words4,
  key: Words2,
): void {
  const m0Low = MULTIPLIER_0 & 0xffff;
  const m0High = MULTIPLIER_0 >>> 16;
  const m1Low = MULTIPLIER_1 & 0xffff;
  const m1High = MULTIPLIER_1 >>> 16;
  const tail1 = counter[1] | 0;
  const tail2 = counter[2] | 0;
  const tail3 = counter[3] | 0;
  const key0 = key[0] | 0;
  const key1 = key[1] | 0;
  let block = counter[0] | 0;
  for (let end = start + blocks * 4; start < end; start += 4) {
    let c0 = block;
    let c1 = tail1;
    let c2 = tail2;
    let c3 = tail3;
    let k0 = key0;
    let k1 = key1;
    for (let round = 0; round < ROUNDS; round++) {
      // The upper words of the products, as in multiplyHigh.
      const aLow = c0 & 0xffff;
      const aHigh = c0 >>> 16;
      const a1 = Math.imul(aHigh, m0Low) + (Math.imul(aLow, m0Low) >>> 16);
      const a2 = Math.imul(aLow, m0High) + (a1 & 0xffff);
      const high0 = Math.imul(aHigh, m0High) + (a1 >>> 16) + (a2 >>> 16);
      const bLow = c2 & 0xffff;
      const bHigh = c2 >>> 16;
      const b1 = Math.imul(bHigh, m1Low) + (Math.imul(bLow, m1Low) >>> 16);
      const b2 = Math.imul(bLow, m1High) + (b1 & 0xffff);
      const high1 = Math.imul(bHigh, m1High) + (b1 >>> 16) + (b2 >>> 16);
      const low0 = Math.imul(c0, MULTIPLIER_0);
      const low1 = Math.imul(c2, MULTIPLIER_1);
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 = (k0 + WEYL_0) | 0;
      k1 = (k1 + WEYL_1) | 0;
    }
    out[start] = c0;
    out[start + 1] = c1;
    out[start + 2] = c2;
    out[start + 3] = c3;
    block = (block + 1) | 0;
  }
}
