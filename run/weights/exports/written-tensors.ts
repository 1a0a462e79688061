import type { HostTensor } from '../../../core/backend.js';
import type { ValueDeclaration } from '../../../spec/index.js';
import type { ExportedRun } from './exported-run.js';
import type { GivenTensor } from './given-tensors.js';

/** What a file of tensors is written from: their types, and each of them when it is its turn. */
export interface WrittenTensors {
  readonly declared: readonly ValueDeclaration[];
  readonly read: (name: string) => Promise<HostTensor>;
}

/** Tensors of another library, each made of the run's when it is asked for. */
export function writtenTensors(
  run: Pick<ExportedRun, 'read'>,
  tensors: readonly GivenTensor[],
  { onProgress = () => {} }: { readonly onProgress?: (done: number, total: number) => void } = {},
): WrittenTensors {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  let done = 0;
  return {
    declared: tensors.map(({ name, shape }) => ({ name, shape, dtype: 'f32' as const })),
    read: async (name) => {
      const { from, make, shape } = byName.get(name) as GivenTensor;
      const parts: Float32Array[] = [];
      for (const spec of from) parts.push((await run.read(spec)).data as Float32Array);
      done += 1;
      onProgress(done, tensors.length);
      return { dtype: 'f32', shape, data: make(parts) };
    },
  };
}
