import { createServer } from 'node:net';
import { z } from 'zod';
import { BACKENDS } from '../../backends/registry.js';
import { XLA, XLA_FAILED } from '../../backends/xla/index.js';
import type { Backend, ProcessGroup, Told } from '../../core/index.js';
import { addressOf, TcpGroup } from '../../protocol/index.js';
import type { RunSettings } from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { openBackend } from '../open-backend.js';
import { type Launch, ownGpu } from './launcher.js';

/** The port of JAX's coordinator, which process 0 chooses; the others give nothing. */
const JAX_PORT: Told<number> = {
  name: 'the port of JAX',
  parse: (value) => z.number().int().parse(value),
};

/** Seconds within which the loss of a process explains what went wrong with another. */
const REASON_SECONDS = 3;
/** Milliseconds after which a process ends whatever it is in, once another is lost. */
const LAST_MS = 8000;

/** Joins the processes of a launch. @throws LacunaError where they do not all come. */
async function joinGroup(launch: Launch, name: string): Promise<TcpGroup> {
  if (BACKENDS.named(name).splits !== true) {
    throw new LacunaError({
      where: `--backend ${name}`,
      what: 'several processes train a run on xla alone',
      got: `process ${launch.process} of ${launch.processes}, by ${launch.by}`,
      fix: 'Take --backend xla, or start one process.',
    });
  }
  const group = await TcpGroup.join(launch);
  group.lost.addEventListener('abort', () => {
    // Whatever this process is in, it does not outlive the others for long.
    setTimeout(() => {
      const isTold = process.exitCode !== undefined;
      if (!isTold) console.error(`error: ${String(group.lost.reason?.message)}`);
      process.exit(1);
    }, LAST_MS).unref();
  });
  return group;
}

/** The backend of one process of several, which shares each batch with the others. */
async function openShared(
  { backend }: Pick<RunSettings, 'backend'>,
  launch: Launch,
  group: TcpGroup,
): Promise<Backend> {
  const { coordinator, processes, process: own } = launch;
  const { name: _, ...options } = backend;
  const [host] = addressOf(coordinator);
  const [port] = await group.gather(JAX_PORT, own === 0 ? await freePort() : 0);
  const gpu = backend.device === 'cuda' ? ownGpu(launch) : undefined;
  return XLA.open({
    ...options,
    group: {
      coordinator: `${host.includes(':') ? `[${host}]` : host}:${port}`,
      processes,
      process: own,
      lost: group.lost,
      ...(gpu === undefined ? {} : { localDevices: [gpu] }),
    },
  });
}

/**
 * Does something with a backend that all processes of a launch share, and ends with all of them: where one fails or is
 * lost, the others are told why.
 */
export async function withShared<T>(
  settings: Pick<RunSettings, 'backend'>,
  launch: Launch | undefined,
  use: (
    backend: Backend,
    group: (ProcessGroup & Pick<TcpGroup, 'watch'>) | undefined,
  ) => Promise<T>,
): Promise<T> {
  if (launch === undefined) {
    const backend = await openBackend(settings);
    try {
      return await use(backend, undefined);
    } finally {
      await backend.dispose();
    }
  }
  const group = await joinGroup(launch, settings.backend.name);
  let backend: Backend | undefined;
  try {
    backend = await openShared(settings, launch, group);
    const result = await use(backend, group);
    await group.close();
    return result;
  } catch (error) {
    // What another process has done to this one shows here first; whose fault it is, they tell each other.
    const reason = await group.reason(isOfOthers(error) ? REASON_SECONDS : 0);
    if (reason !== undefined) throw reason;
    group.fail(error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    await backend?.dispose();
  }
}

/** Whether an error may come of the end of another process: of what they compute together. */
function isOfOthers(error: unknown): boolean {
  return error instanceof LacunaError && error.facts.what === XLA_FAILED;
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
    server.listen(0);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address === 'object' && address !== null) return address.port;
  throw new LacunaError({ what: 'this machine has no free port' });
}
