import { CHECKS } from '../../conformance/index.js';
import { testBackend } from '../../conformance/vitest.js';
import { XLA } from './index.js';
import { CASES, COMPOSED, SKIPPED } from './testing/tested.js';

const probe = await XLA.probe();
const missing = probe.available ? undefined : probe.reason;

testBackend('xla', () => XLA.open(), {
  missing,
  cases: CASES,
  checks: CHECKS.filter(({ id }) => COMPOSED.test(id) && !SKIPPED.test(id)),
});

// The loops over queries, whose blocks otherwise are larger than a small case.
testBackend('xla', () => XLA.open({ rows: 2 }), {
  missing,
  cases: CASES,
  checks: CHECKS.filter(({ id }) => /^composite\/attention(_grad)?\/call$/.test(id)),
});

// Rounded factors, as accelerators have them.
testBackend('xla', () => XLA.open({ precision: 'bf16' }), {
  missing,
  cases: CASES,
  checks: CHECKS.filter(({ id }) => /^(primitive\/matmul|composite\/attention\/call)/.test(id)),
});
