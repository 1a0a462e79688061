/**
 * Whether tests that need `name` can run here. They are skipped where it is missing, which the
 * reporter prints as NOT RUN; but where `LACUNA_EXPECT` (a comma-separated list) names it, its
 * absence is a failure: a run that should have tested a backend must not look as if it had.
 *
 * @param missing Why it cannot be used, in one sentence; undefined where it can.
 */
export function capable(name: string, missing: string | undefined): boolean {
  if (missing === undefined) return true;
  const expected = (process.env.LACUNA_EXPECT ?? '').split(',').map((each) => each.trim());
  if (expected.includes(name)) {
    throw new Error(`LACUNA_EXPECT names ${name}, but it cannot be used here: ${missing}`);
  }
  return false;
}
