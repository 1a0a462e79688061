import { BACKENDS } from '../backends/registry.js';
import type { Backend } from '../core/index.js';
import type { RunSettings } from '../run/index.js';

/** Opens the backend that a run asks for. @throws LacunaError with its reason where it cannot run. */
export function openBackend({ backend }: Pick<RunSettings, 'backend'>): Promise<Backend> {
  const { name, ...options } = backend;
  return BACKENDS.named(name).open(options);
}
