import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Breakdown, PortLost, PortProcess, PortSession } from '../../protocol/index.js';
import { LacunaError } from '../../spec/errors.js';

/**
 * - `cpu`: XLA's compiler for CPUs.
 * - `cuda`, `tpu`: NVIDIA's GPUs and Google's TPUs, with JAX's plugins for them.
 */
export const DEVICES = ['cpu', 'cuda', 'tpu'] as const;
export type XlaDevice = (typeof DEVICES)[number];

/** How factors of matrix products are read: as they are, as TF32, or as bfloat16. Sums are f32. */
export const PRECISIONS = ['f32', 'tf32', 'bf16'] as const;
export type XlaPrecision = (typeof PRECISIONS)[number];

/** What the process is started with. */
export interface XlaProcessOptions {
  readonly device: XlaDevice;
  readonly precision: XlaPrecision;
  readonly threads?: number | undefined;
  /** Queries of attention at a time: a block, whose scores are held. @defaultValue 256 */
  readonly rows?: number | undefined;
}

/** From the sources, and from `dist`, whose package brings the folder. */
const FOLDERS = ['./python', '../../../backends/xla/python'];

/** Seconds that a request may take: a step of minutes, or the compilation of a large program. */
const DEADLINE = 3600;
/** Seconds until the process says hello: JAX loads, and looks for its devices. */
const START_DEADLINE = 120;

/**
 * Starts the process, and hears what it says of itself. It is started once: with it, state would be lost.
 *
 * @throws LacunaError that says what to install where it does not run.
 */
export async function startXla(options: XlaProcessOptions): Promise<{
  readonly session: PortSession;
  readonly hello: Awaited<ReturnType<PortSession['hello']>>;
}> {
  const { device, precision, threads, rows } = options;
  const words = [
    pythonFor(device),
    '-m',
    'lacuna_xla',
    '--device',
    device,
    '--precision',
    precision,
  ];
  if (threads !== undefined) words.push('--threads', String(threads));
  if (rows !== undefined) words.push('--rows', String(rows));
  const limits = { deadline: DEADLINE, startDeadline: START_DEADLINE, patience: 1 };
  const session = new PortSession(() => PortProcess.start(words, packageFolder()), limits);
  try {
    return { session, hello: await session.hello() };
  } catch (error) {
    if (!(error instanceof Breakdown || error instanceof PortLost)) throw error;
    throw missing(device, lastLine(error.message));
  }
}

/** The Python of the environment that `LACUNA_XLA` names. @throws LacunaError where there is none. */
export function pythonFor(device: XlaDevice): string {
  const environment = process.env.LACUNA_XLA;
  if (environment === undefined) throw missing(device, 'LACUNA_XLA names no folder');
  const python = join(resolve(environment), 'bin', 'python');
  if (existsSync(python)) return python;
  throw missing(device, `LACUNA_XLA has no ${python}`);
}

/** Where `lacuna_xla` lies. */
export function packageFolder(): string {
  const folders = FOLDERS.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = folders.find((folder) => existsSync(join(folder, 'lacuna_xla')));
  if (found !== undefined) return found;
  throw new LacunaError({ where: 'xla', what: 'its Python is not there', got: folders.join(', ') });
}

const INSTALL: Readonly<Record<XlaDevice, string>> = {
  cpu: 'npm run xla',
  cuda: 'npm run xla -- --cuda',
  tpu: 'npm run xla -- --tpu',
};

function missing(device: XlaDevice, got: string): LacunaError {
  return new LacunaError({
    where: `xla:${device}`,
    what: 'JAX cannot be used',
    got,
    fix: `Install it: ${INSTALL[device]}, then export LACUNA_XLA as it says (needs Python 3.11 to 3.13).`,
  });
}

/** What Python ends with when it fails is what went wrong. */
function lastLine(message: string): string {
  const line = message.trim().split('\n').at(-1) ?? '';
  return line.replace(/^stderr: /, '').slice(0, 300);
}
