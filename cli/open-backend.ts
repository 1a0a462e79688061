import { BACKENDS } from '../backends/registry.js';
import type { Backend } from '../core/index.js';
import type { RunSettings } from '../run/index.js';
import { LacunaError } from '../spec/index.js';

/** Opens the backend that a run asks for. @throws LacunaError with its reason where it cannot run. */
export async function openBackend({ backend }: Pick<RunSettings, 'backend'>): Promise<Backend> {
  const { name, ...options } = backend;
  const factory = BACKENDS.named(name);
  const { devices = 1, shardState = false } = options;
  const flag = devices > 1 ? '--devices' : '--shard-state';
  if ((devices > 1 || shardState) && factory.splits !== true) {
    throw new LacunaError({
      where: flag,
      what: 'a batch is shared by several devices on xla alone',
      got: `${devices} ${devices === 1 ? 'device' : 'devices'} of ${name}`,
      fix: `Take --backend xla, or leave ${flag} out.`,
    });
  }
  return factory.open(options);
}
