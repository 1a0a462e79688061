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
import type { BackendFactory, BackendOptions } from '../core/backend.js';
import { splitBatches } from '../core/testing/split-batches.js';

/**
 * The first check that a backend, or a port of `ports/`, does not pass, with why; undefined where it passes
 * all. As a program it prints that of a backend, for `plant-mistakes.ts`, which runs it on changed sources.
 *
 * @param filter The start of the ids of the checks.
 * @param folder Where the port lies. @defaultValue in `ports/`
 * @param devices Of a backend: so many, which share batches and have a part of the state each. @defaultValue its own
 */
export async function firstFailure(
  name: string,
  filter: string,
  folder?: string,
  devices?: number,
): Promise<string | undefined> {
  const python = new Map<string, PythonPort>(Object.entries(PYTHON_PORTS)).get(name);
  const { subject, checks, close } = await (python === undefined
    ? openBackend(name, devices)
    : openPython(python, folder));
  try {
    for (const check of checks.filter(({ id }) => id.startsWith(filter))) {
      const report = await runChecks(subject, {
        ...{ checks: [check], filter: check.id, block: false },
      });
      const [first] = report.checks;
      if (first === undefined || first.verdict === 'pass') continue;
      // A function that a port may leave out is right where the port has it.
      const isWrong = first.verdict === 'fail' && /^(function|real)\//.test(first.id);
      if (isOptional(first) && !isWrong) continue;
      if (first.beyondContract === true) continue;
      const ratio = first.failure?.deviation?.ratio;
      return `${first.id} (${first.verdict}${ratio === undefined ? '' : `, ratio ${ratio}`})`;
    }
    return undefined;
  } finally {
    await close();
  }
}

interface Opened {
  readonly subject: Subject;
  readonly checks: typeof CHECKS;
  readonly close: () => Promise<void>;
}

async function openBackend(name: string, devices: number | undefined): Promise<Opened> {
  const module = (await import(`../backends/${name}/index.js`)) as Record<string, unknown>;
  const factory = Object.values(module).find(isFactory);
  if (factory === undefined) throw new Error(`backends/${name}/index.ts exports no factory`);
  const options: BackendOptions = devices === undefined ? {} : { devices, shardState: true };
  const backend = splitBatches(await factory.open(options));
  return { subject: backendSubject(backend), checks: CHECKS, close: () => backend.dispose() };
}

async function openPython(python: PythonPort, folder: string = python.folder): Promise<Opened> {
  const port = await openPort(python.command, { folder });
  // What the demo run learns is no check of a port.
  const checks = ALL_CHECKS.filter(({ level }) => level < 5);
  return { subject: port, checks, close: () => port.close() };
}

function isFactory(value: unknown): value is BackendFactory {
  return typeof value === 'object' && value !== null && 'probe' in value && 'open' in value;
}

if (process.argv[1] === import.meta.filename) {
  const [name = '', filter = '', devices] = process.argv.slice(2);
  const found = await firstFailure(
    name,
    filter,
    undefined,
    devices === undefined ? undefined : Number(devices),
  );
  if (found !== undefined) console.log(found);
}
