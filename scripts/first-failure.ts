import { CHECKS, checkBackend, isOptional, notPromised } from '../conformance/index.js';
import type { BackendFactory } from '../core/backend.js';

/**
 * Prints the first check that a backend does not pass, with why, or nothing: for `plant.ts`, which
 * runs it on changed sources.
 */
const [name = '', filter = ''] = process.argv.slice(2);
const module = (await import(`../backends/${name}/index.js`)) as Record<string, unknown>;
const factory = Object.values(module).find(isFactory);
if (factory === undefined) throw new Error(`backends/${name}/index.ts exports no factory`);
const backend = await factory.open();
for (const check of CHECKS.filter(({ id }) => id.startsWith(filter))) {
  if (check.family && notPromised(check.family, backend.info.contract) !== undefined) continue;
  const report = await checkBackend(backend, { checks: [check], block: false });
  const [first] = report.checks;
  if (first === undefined || first.verdict === 'pass' || isOptional(first)) continue;
  const ratio = first.failure?.deviation?.ratio;
  console.log(`${first.id} (${first.verdict}${ratio === undefined ? '' : `, ratio ${ratio}`})`);
  break;
}
await backend.dispose();

function isFactory(value: unknown): value is BackendFactory {
  return typeof value === 'object' && value !== null && 'probe' in value && 'open' in value;
}
