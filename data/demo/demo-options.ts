import { LacunaError } from '../../spec/errors.js';
import { TEST_CONTENTS } from './content.js';

/** What is generated never changes under a number: golden digests hold both, and another content takes another number. */
export const DEMO_VERSIONS = [1, 2] as const;
export type DemoVersion = (typeof DEMO_VERSIONS)[number];

export interface DemoOptions {
  /**
   * What is shown: 1, shapes that move and change before a background that stands still; 2, the same in textured places,
   * among other objects, before a camera that moves.
   * @defaultValue 1
   */
  readonly version?: DemoVersion;
  /** @defaultValue 0 */
  readonly seed?: number;
  /** Clips to train on, 1 to 50,000. @defaultValue 2000 */
  readonly trainClips?: number;
  /** Held-out clips, 1 to 64. @defaultValue 64 */
  readonly testClips?: number;
}

/** The options with their defaults. @throws LacunaError naming an option that is out of bounds. */
export function completeOptions(options: DemoOptions): Required<DemoOptions> {
  const { version = 1, seed = 0, trainClips = 2000, testClips = TEST_CONTENTS } = options;
  requireInteger('version', version, 1, DEMO_VERSIONS.length);
  requireInteger('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('trainClips', trainClips, 1, 50_000);
  requireInteger('testClips', testClips, 1, TEST_CONTENTS);
  return { version, seed, trainClips, testClips };
}

function requireInteger(name: string, value: number, minimum: number, maximum: number): void {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return;
  throw new LacunaError({
    what: 'an option of the demo data is out of bounds',
    where: name,
    got: String(value),
    expected: `an integer in [${minimum}, ${maximum}]`,
  });
}
