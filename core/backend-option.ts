import { LacunaError } from '../spec/errors.js';

/**
 * The value of a backend's option, the first that it knows where none is asked for.
 *
 * @throws LacunaError that lists the values that it knows.
 */
export function backendOption<T extends string>(
  backend: string,
  option: 'device' | 'precision',
  known: readonly [T, ...T[]],
  asked: string | undefined,
): T {
  if (asked === undefined) return known[0];
  const found = known.find((name) => name === asked);
  if (found !== undefined) return found;
  throw new LacunaError({
    where: backend,
    what: `there is no ${option} of this name`,
    got: asked,
    expected: known.length === 1 ? known[0] : `one of ${known.join(', ')}`,
    ...(known.length === 1 ? { fix: `Leave the ${option} out, or take another backend.` } : {}),
  });
}
