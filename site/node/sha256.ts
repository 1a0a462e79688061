/** SHA-256 (FIPS 180-4) of pieces, here and now: what browsers have of their own answers later. */
export class Sha256 {
  readonly #state: Uint32Array = START.slice();
  readonly #block = new Uint8Array(BLOCK);
  readonly #words = new Uint32Array(64);
  /** Bytes so far. */
  #count = 0;

  update(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      const at = this.#count % BLOCK;
      const piece = bytes.subarray(from, from + BLOCK - at);
      this.#block.set(piece, at);
      this.#count += piece.length;
      from += piece.length;
      if (this.#count % BLOCK === 0) this.#mix();
    }
  }

  /** The digest, which ends it. */
  digest(): Uint8Array {
    const bits = 8 * this.#count;
    const padding = new Uint8Array(BLOCK - ((this.#count + 8) % BLOCK) + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(padding.length - 4, bits % 2 ** 32);
    this.update(padding);
    const digest = new Uint8Array(32);
    const out = new DataView(digest.buffer);
    this.#state.forEach((word, i) => {
      out.setUint32(4 * i, word);
    });
    return digest;
  }

  /** Takes a whole block in. */
  #mix(): void {
    const words = this.#words;
    const view = new DataView(this.#block.buffer);
    for (let i = 0; i < 16; i++) words[i] = view.getUint32(4 * i);
    for (let i = 16; i < 64; i++) {
      const [a, b] = [words[i - 15] as number, words[i - 2] as number];
      const s0 = turned(a, 7) ^ turned(a, 18) ^ (a >>> 3);
      const s1 = turned(b, 17) ^ turned(b, 19) ^ (b >>> 10);
      words[i] = (words[i - 16] as number) + s0 + (words[i - 7] as number) + s1;
    }
    let [a, b, c, d, e, f, g, h] = this.#state as unknown as Eight;
    for (let i = 0; i < 64; i++) {
      const s1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
      const choice = (e & f) ^ (~e & g);
      const t1 = (h + s1 + choice + (ROUNDS[i] as number) + (words[i] as number)) | 0;
      const s0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => {
      this.#state[i] = (this.#state[i] as number) + word;
    });
  }
}

type Eight = [number, number, number, number, number, number, number, number];

const BLOCK = 64;

function turned(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

const PRIMES: readonly number[] = primes(64);
/** The first 32 bits of the fractions of square roots of the first 8 primes, and of cube roots of 64. */
const START: Uint32Array = Uint32Array.from(PRIMES.slice(0, 8), (prime) => fraction(prime, 2n));
const ROUNDS: Uint32Array = Uint32Array.from(PRIMES, (prime) => fraction(prime, 3n));

function primes(count: number): readonly number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++)
    if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}

/** floor(2^32 frac(prime^(1 / degree))), in whole numbers: roots of engines may differ in the last bits. */
function fraction(prime: number, degree: bigint): number {
  const wanted = BigInt(prime) << (32n * degree);
  let [low, high] = [0n, 1n << 37n];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** degree <= wanted) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn);
}
