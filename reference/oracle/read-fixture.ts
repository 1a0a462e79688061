import { readFileSync } from 'node:fs';
import type { HostTensor } from '../../core/backend.js';
import {
  decodeSafetensors,
  type Safetensors,
} from '../../formats/safetensors/safetensors-bytes.js';
import { LacunaError } from '../../spec/errors.js';

export interface Float64Tensor extends HostTensor {
  readonly dtype: 'f64';
  readonly data: Float64Array;
}

/** The metadata are `about`, `config` (JSON), and the versions of the libraries that made the file. */
export interface Fixture extends Safetensors {
  /** The float64 tensor of this name. Throws when there is none. */
  float64(name: string): Float64Tensor;
  /** The float64 tensors under `prefix.`, by the rest of their names: `group('grad')`. */
  group(prefix: string): ReadonlyMap<string, Float64Tensor>;
}

/** Reads `fixtures/<name>.safetensors`. README.md says what each fixture holds. */
export function readFixture(name: string): Fixture {
  if (!/^[a-z_]+$/.test(name)) {
    throw new LacunaError({
      what: 'this is no name of a fixture',
      got: JSON.stringify(name),
      expected: 'lower-case letters and underscores, without folder or extension',
    });
  }
  const path = new URL(`./fixtures/${name}.safetensors`, import.meta.url);
  return parseFixture(readFileSync(path), `${name}.safetensors`);
}

/** A fixture of the bytes of its file; `where` names it in errors. */
export function parseFixture(file: Uint8Array, where: string): Fixture {
  const { tensors, metadata } = decodeSafetensors(file, where);
  return {
    tensors,
    metadata,
    float64(name) {
      const found = tensors.get(name);
      if (isFloat64(found)) return found;
      throw new LacunaError({
        what: 'no float64 tensor of this name',
        where: `${where}: ${name}`,
        got: found?.dtype ?? 'nothing',
      });
    },
    group(prefix) {
      const found = new Map<string, Float64Tensor>();
      for (const [name, value] of tensors) {
        if (isFloat64(value) && name.startsWith(`${prefix}.`)) {
          found.set(name.slice(prefix.length + 1), value);
        }
      }
      return found;
    },
  };
}

function isFloat64(tensor: HostTensor | undefined): tensor is Float64Tensor {
  return tensor?.dtype === 'f64';
}
