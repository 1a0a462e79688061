import { LacunaError } from '../spec/errors.js';
import type { BackendFactory } from './backend.js';

/** The backends that a program knows, by name; the first is the default. */
export class BackendRegistry {
  readonly #factories = new Map<string, BackendFactory>();

  constructor(factories: readonly BackendFactory[]) {
    for (const factory of factories) this.#factories.set(factory.name, factory);
  }

  get all(): readonly BackendFactory[] {
    return [...this.#factories.values()];
  }

  /** @throws LacunaError that lists the names that exist. */
  named(name: string): BackendFactory {
    const factory = this.#factories.get(name);
    if (factory === undefined) {
      throw new LacunaError({
        what: 'there is no backend of this name',
        got: name,
        expected: `one of ${[...this.#factories.keys()].join(', ')}`,
      });
    }
    return factory;
  }
}
