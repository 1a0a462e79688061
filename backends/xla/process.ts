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
  /** Devices of this process. @defaultValue all; of a CPU one, others are simulated */
  readonly devices?: number | undefined;
  /** State lies in parts, one on each of several devices. @defaultValue false: whole on each */
  readonly shardState?: boolean | undefined;
  /** Where it is one of several. @defaultValue it is alone */
  readonly group?: XlaGroup | undefined;
}

/** The processes of XLA that share a batch, each beside the process of Node that started it. */
export interface XlaGroup {
  /** HOST:PORT, where process 0 opens JAX's coordinator. */
  readonly coordinator: string;
  readonly processes: number;
  readonly process: number;
  /** The devices of this one, where several of them share a host. @defaultValue all of the host */
  readonly localDevices?: readonly number[] | undefined;
  /** Ends the process: of others that it waits for, one is lost. */
  readonly lost?: AbortSignal | undefined;
}

/** From the sources, and from `dist`, whose package brings the folder. */
const FOLDERS = ['./python', '../../../backends/xla/python'];

/** Seconds that a request may take: a step of minutes, or the compilation of a large program. */
const DEADLINE = 3600;
/** Seconds until the process says hello: JAX loads, and looks for its devices. */
const START_DEADLINE = 120;
/** The same of a process that waits for others. */
const GROUP_DEADLINE = 600;

/**
 * Starts the process, and hears what it says of itself. It is started once: with it, state would be lost.
 *
 * @throws LacunaError that says what to install where it does not run.
 */
export async function startXla(options: XlaProcessOptions): Promise<{
  readonly session: PortSession;
  readonly hello: Awaited<ReturnType<PortSession['hello']>>;
}> {
  const { device, precision, threads, rows, devices, shardState = false, group } = options;
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
  if (devices !== undefined) words.push('--devices', String(devices));
  if (shardState) words.push('--shard-state');
  if (group !== undefined) words.push(...groupWords(group));
  const startDeadline = group === undefined ? START_DEADLINE : GROUP_DEADLINE;
  const limits = { deadline: DEADLINE, startDeadline, patience: 1 };
  const start = async (): Promise<PortProcess> => {
    const started = await PortProcess.start(words, packageFolder());
    const end = (): void => void started.kill();
    if (group?.lost?.aborted === true) end();
    else group?.lost?.addEventListener('abort', end, { once: true });
    return started;
  };
  const session = new PortSession(start, limits);
  try {
    return { session, hello: await session.hello() };
  } catch (error) {
    if (!(error instanceof Breakdown || error instanceof PortLost)) throw error;
    throw missing(device, lastLine(error.message));
  }
}

function groupWords({ coordinator, processes, process: own, localDevices }: XlaGroup): string[] {
  return [
    ...['--coordinator', coordinator, '--processes', String(processes), '--process', String(own)],
    ...(localDevices === undefined ? [] : ['--local-devices', localDevices.join(',')]),
  ];
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

/** What makes an environment for a device. */
export const INSTALL: Readonly<Record<XlaDevice, string>> = {
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
