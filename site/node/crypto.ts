import { Buffer } from 'buffer/index.js';
import { Sha256 } from './sha256.js';

/** What of `node:crypto` the sources call. */
export class Hash {
  readonly #sha = new Sha256();

  update(piece: string | Uint8Array): this {
    this.#sha.update(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece);
    return this;
  }

  digest(encoding: 'hex'): string {
    return Buffer.from(this.#sha.digest()).toString(encoding);
  }
}

/** @throws Error for another digest than SHA-256. */
export function createHash(name: string): Hash {
  if (name === 'sha256') return new Hash();
  throw new Error(`there is no ${name} here`);
}

export function randomUUID(): string {
  return globalThis.crypto.randomUUID();
}
