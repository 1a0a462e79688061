import type { HostData } from '../../core/backend.js';
import type { DType, Shape } from '../../spec/program/index.js';

/** A tensor of a file: bounds are float64, whatever they bound. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: HostData;
}

const NAMES: Readonly<Record<DType, string>> = {
  f64: 'F64',
  f32: 'F32',
  f16: 'F16',
  bf16: 'BF16',
  i32: 'I32',
  u8: 'U8',
  bool: 'BOOL',
};

/**
 * A safetensors file as bytes: 8 bytes of header length, a JSON header, then the data,
 * little-endian and row-major. Source: the format description of huggingface/safetensors.
 */
export function encodeSafetensors(tensors: ReadonlyMap<string, StoredTensor>): Uint8Array {
  let offset = 0;
  const header: Record<string, object> = {};
  const parts: Uint8Array[] = [];
  for (const [name, { dtype, shape, data }] of tensors) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const end = offset + bytes.length;
    header[name] = { dtype: NAMES[dtype], shape, data_offsets: [offset, end] };
    parts.push(bytes);
    offset = end;
  }
  const text = JSON.stringify(header);
  // Padded, so that the data begin at a multiple of 8.
  const head = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(head.length), true);
  return Buffer.concat([length, head, ...parts]);
}
