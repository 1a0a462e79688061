import {
  elementCount,
  LacunaError,
  type ModelConfig,
  type ProgramInput,
} from '../../spec/index.js';
import type { HostTensor } from '../backend.js';

/** A training step to measure. */
export interface Problem {
  readonly config: ModelConfig;
  readonly shape: { readonly batch: number; readonly visible: number };
}

/** Width of the shared space: CLIP's. */
const SHARED = 512;

function problem(
  video: ModelConfig['video'],
  encoder: ModelConfig['encoder'],
  decoder: ModelConfig['encoder'],
  shape: Problem['shape'],
): Problem {
  const config: ModelConfig = {
    video,
    encoder,
    mae: { decoder },
    contrastive: {
      temperature: { kind: 'fixed', value: 0.1 },
      text: { frozen: true, width: SHARED },
      textProjection: { kind: 'none', width: SHARED },
      videoProjection: { kind: 'mlp-bn', width: SHARED },
    },
  };
  return { config, shape };
}

const CLIP = { frames: 16, size: 224, tubelet: 2, patch: 16 };
/** Joint steps as in TGM: MAE, and InfoNCE with frozen text; one token in ten visible. */
export const PROBLEMS: Readonly<Record<string, Problem>> = {
  tiny: problem(
    { frames: 8, size: 64, tubelet: 2, patch: 8 },
    { width: 192, depth: 6, heads: 3 },
    { width: 96, depth: 2, heads: 3 },
    { batch: 8, visible: 28 },
  ),
  small: problem(
    CLIP,
    { width: 384, depth: 12, heads: 6 },
    { width: 192, depth: 4, heads: 3 },
    { batch: 2, visible: 160 },
  ),
  base: problem(
    CLIP,
    { width: 768, depth: 12, heads: 12 },
    { width: 384, depth: 4, heads: 6 },
    { batch: 2, visible: 160 },
  ),
};

/** @throws LacunaError for a name that is not in the list. */
export function problemNamed(name: string, batch?: number): Problem {
  const found = PROBLEMS[name];
  if (found === undefined) {
    const expected = `one of ${Object.keys(PROBLEMS).join(', ')}`;
    throw new LacunaError({ what: 'there is no size of this name', got: name, expected });
  }
  return batch === undefined ? found : { ...found, shape: { ...found.shape, batch } };
}

/** Makes inputs: cheap reproducible numbers, no draws of the method. */
export function inputMaker({
  visible,
}: Problem['shape']): (
  input: Pick<ProgramInput, 'name' | 'dtype' | 'shape' | 'role'>,
) => HostTensor {
  let noise = 1;
  const random = (): number => {
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    return noise / 2 ** 32;
  };
  return ({ name, dtype, shape, role }) => {
    const length = elementCount(shape);
    if (dtype === 'u8') {
      return { dtype, shape, data: Uint8Array.from({ length }, () => random() * 256) };
    }
    if (dtype === 'i32') {
      const [, columns = 1] = shape;
      const first = name === 'masked' ? visible : 0;
      return { dtype, shape, data: Int32Array.from({ length }, (_, i) => first + (i % columns)) };
    }
    const data = new Float32Array(length);
    if (role === 'parameter' || role === 'data') {
      for (let i = 0; i < length; i++) data[i] = (random() - 0.5) * 0.04;
    }
    if (role === 'schedule') data.fill(name === 'schedule.lr' ? 1e-4 : 0.1);
    if (role === 'statistic') data.fill(1);
    return { dtype: 'f32', shape, data };
  };
}
