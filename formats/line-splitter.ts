const NEWLINE = 0x0a;

/** Cuts bytes that come in pieces into lines. Of a line longer than `most` bytes no more than a piece is held. */
export class LineSplitter {
  readonly #most: number;
  #pending: Buffer[] = [];
  #length = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** The lines that end in the next piece, without their ends; they are valid as long as the piece is. */
  *push(piece: Buffer): Generator<Buffer, void> {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      const part = piece.subarray(start, end);
      const line = this.#length === 0 ? part : this.#joined(part);
      this.clear();
      yield line;
      start = end + 1;
    }
    this.#add(Buffer.from(piece.subarray(start)));
  }

  /** What is behind the last end of a line. */
  rest(): Buffer {
    return Buffer.concat(this.#pending);
  }

  /** Forgets what is behind the last end of a line. */
  clear(): void {
    this.#pending = [];
    this.#length = 0;
  }

  #joined(part: Buffer): Buffer {
    this.#add(part);
    return this.rest();
  }

  #add(part: Buffer): void {
    if (this.#length <= this.#most) this.#pending.push(part);
    this.#length += part.length;
  }
}
