import { CHECKS } from '../../conformance/index.js';
import { testBackend } from '../../conformance/vitest.js';
import { XLA } from './index.js';
import { CASES, COMPOSED, SKIPPED } from './testing/tested.js';

const probe = await XLA.probe();
testBackend('xla', () => XLA.open(), {
  missing: probe.available ? undefined : probe.reason,
  cases: CASES,
  checks: CHECKS.filter(({ id }) => !SKIPPED.test(id) && !COMPOSED.test(id)),
});
