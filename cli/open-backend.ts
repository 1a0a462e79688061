import { BACKENDS } from '../backends/registry.js';
import type { Backend } from '../core/index.js';
import type { RunSettings } from '../run/index.js';
import { LacunaError } from '../spec/index.js';

/** Opens the backend that a run asks for. @throws LacunaError with its reason where it cannot run. */
export async function openBackend({ backend }: Pick<RunSettings, 'backend'>): Promise<Backend> {
  const { name, ...options } = backend;
  const factory = BACKENDS.named(name);
  const { devices = 1 } = options;
  if (devices > 1 && factory.splits !== true) {
    throw new LacunaError({
      where: '--devices',
      what: 'a batch is shared by several devices on xla alone',
      got: `${devices} devices of ${name}`,
      fix: 'Take --backend xla, or leave --devices out.',
    });
  }
  return factory.open(options);
}
