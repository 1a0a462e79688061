import type { HostTensor } from '../../core/backend.js';
import type { DType } from '../../spec/program/index.js';
import type { CaseRecord } from '../check.js';
import { sha256 } from '../sha256.js';

/** What a subject gave for a case: small outputs in full, of others a digest. */
export interface CaseOutputs {
  readonly check: string;
  readonly address: string;
  /** For each run of the case, its outputs by name. */
  readonly runs: readonly Readonly<Record<string, RecordedTensor>>[];
}

export interface RecordedTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Of the elements as they lie in memory, little-endian. */
  readonly sha256: string;
  /** The elements in base64, where there are not many. */
  readonly data?: string | undefined;
}

/** Outputs of so many elements are kept in full. */
export const KEPT = 64;

export async function recordCase({ id, address, result }: CaseRecord): Promise<CaseOutputs> {
  const runs = result.outputs.map(async (outputs) =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(outputs).map(
          async ([name, tensor]) => [name, await recordTensor(tensor)] as const,
        ),
      ),
    ),
  );
  return { check: id, address, runs: await Promise.all(runs) };
}

async function recordTensor({ dtype, shape, data }: HostTensor): Promise<RecordedTensor> {
  // Its own bytes, since the digest is made while the subject goes on.
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  const recorded = { dtype, shape, sha256: await sha256(bytes) };
  return data.length > KEPT ? recorded : { ...recorded, data: btoa(String.fromCharCode(...bytes)) };
}

const CONTAINERS = {
  f64: Float64Array,
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  i32: Int32Array,
  u8: Uint8Array,
  bool: Uint8Array,
} as const;

/** The tensor that was recorded; undefined where there is only a digest of it, or no tensor of its type. */
export function recordedTensor({ dtype, shape, data }: RecordedTensor): HostTensor | undefined {
  if (data === undefined) return undefined;
  let text: string;
  try {
    text = atob(data);
  } catch {
    return undefined;
  }
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const Container = CONTAINERS[dtype];
  if (bytes.length % Container.BYTES_PER_ELEMENT !== 0) return undefined;
  return { dtype, shape, data: new Container(bytes.buffer) };
}
