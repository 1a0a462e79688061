import type { HostTensor } from '../../core/backend.js';
import { ENCODINGS } from './encoding.js';
import { encodeHeader, headerLength, LENGTH_BYTES, parseHeader } from './header.js';

/** The tensors of a safetensors file by name, and the names and texts that its writer added. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, HostTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Tensors as the bytes of a safetensors file; it runs in browsers, too. */
export function encodeSafetensors(tensors: ReadonlyMap<string, HostTensor>): Uint8Array {
  const head = encodeHeader([...tensors].map(([name, tensor]) => ({ name, ...tensor })));
  const parts = [...tensors.values()].map(
    ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  const size = parts.reduce((sum, { length }) => sum + length, head.length);
  const file = new Uint8Array(size);
  let offset = 0;
  for (const part of [head, ...parts]) {
    file.set(part, offset);
    offset += part.length;
  }
  return file;
}

/**
 * The tensors in the bytes of a safetensors file, copied out of them.
 *
 * @param where What an error calls the file.
 * @throws LacunaError if they are no safetensors file, or hold an integer beyond 32 bits.
 */
export function decodeSafetensors(file: Uint8Array, where: string): Safetensors {
  // Node's Buffer has a `slice` that does not copy.
  const whole = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  const dataStart = LENGTH_BYTES + headerLength(where, whole, file.length);
  const header = whole.subarray(LENGTH_BYTES, dataStart);
  const { tensors, metadata } = parseHeader(where, header, file.length - dataStart);
  const read = new Map<string, HostTensor>();
  for (const [name, { encoding, dtype, shape, start, end }] of tensors) {
    // A copy of its own: elements begin at a multiple of their size, and in the file they need not.
    const bytes = whole.slice(dataStart + start, dataStart + end).buffer;
    read.set(name, {
      dtype,
      shape,
      data: ENCODINGS[encoding].read(bytes, `${where}: ${name}`),
    });
  }
  return { tensors: read, metadata };
}
