import {
  ALL_CHECKS,
  backendSubject,
  CHECKS,
  isOptional,
  openPort,
  runChecks,
  type Subject,
} from '../conformance/index.js';
import { PYTHON_PORTS, type PythonPort } from '../conformance/port/testing/python-ports.js';
import type { BackendFactory } from '../core/backend.js';

/**
 * Prints the first check that a backend, or a port of `ports/`, does not pass, with why, or nothing: for
 * `plant-mistakes.ts`, which runs it on changed sources.
 */
const [name = '', filter = ''] = process.argv.slice(2);
const python = new Map<string, PythonPort>(Object.entries(PYTHON_PORTS)).get(name);
const { subject, checks, close } = await (python === undefined
  ? openBackend()
  : openPython(python));
for (const check of checks.filter(({ id }) => id.startsWith(filter))) {
  const report = await runChecks(subject, { checks: [check], block: false });
  const [first] = report.checks;
  if (first === undefined || first.verdict === 'pass' || isOptional(first)) continue;
  if (first.beyondContract === true) continue;
  const ratio = first.failure?.deviation?.ratio;
  console.log(`${first.id} (${first.verdict}${ratio === undefined ? '' : `, ratio ${ratio}`})`);
  break;
}
await close();

interface Opened {
  readonly subject: Subject;
  readonly checks: typeof CHECKS;
  readonly close: () => Promise<void>;
}

async function openBackend(): Promise<Opened> {
  const module = (await import(`../backends/${name}/index.js`)) as Record<string, unknown>;
  const factory = Object.values(module).find(isFactory);
  if (factory === undefined) throw new Error(`backends/${name}/index.ts exports no factory`);
  const backend = await factory.open();
  return { subject: backendSubject(backend), checks: CHECKS, close: () => backend.dispose() };
}

async function openPython({ command, folder }: PythonPort): Promise<Opened> {
  const port = await openPort(command, { folder });
  // What the demo run learns is no check of a port.
  const checks = ALL_CHECKS.filter(({ level }) => level < 5);
  return { subject: port, checks, close: () => port.close() };
}

function isFactory(value: unknown): value is BackendFactory {
  return typeof value === 'object' && value !== null && 'probe' in value && 'open' in value;
}
