import { createHash, type Hash } from 'node:crypto';

/**
 * SHA-256 of pieces that come one after another; a string counts as its UTF-8. It is Node's own:
 * conformance/sha256.ts has the one that runs in browsers, too, for bytes that are there at once.
 */
export class Sha256 {
  readonly #hash: Hash = createHash('sha256');

  update(piece: string | Uint8Array): this {
    this.#hash.update(piece);
    return this;
  }

  /** The digest of all pieces, in hexadecimal. It ends the digest: no piece can follow. */
  hex(): string {
    return this.#hash.digest('hex');
  }
}

/** SHA-256 of a whole, in hexadecimal; a string counts as its UTF-8. */
export function sha256(whole: string | Uint8Array): string {
  return new Sha256().update(whole).hex();
}
