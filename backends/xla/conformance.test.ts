import { CHECKS } from '../../conformance/index.js';
import { testBackend } from '../../conformance/vitest.js';
import { XLA } from './index.js';

const probe = await XLA.probe();
const missing = probe.available ? undefined : probe.reason;

/**
 * XLA compiles each program for 35 ms to 100 ms, a model for seconds: three cases of a family, and of what is made of many
 * operations one step. A composite that is expanded by whoever asks is one that the backend expands itself.
 * `lacuna conform --backend xla` takes all.
 */
const CASES = 3;
const SKIPPED =
  /^(trajectory|finetuning|probe|relation)\/|^real\/(?!reduce_max)|^objective\/(?!targets)|^step\/(?!joint)|^function\/(model|loss)|\/expanded$/;
testBackend('xla', () => XLA.open(), {
  missing,
  cases: CASES,
  checks: CHECKS.filter(({ id }) => !SKIPPED.test(id)),
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
