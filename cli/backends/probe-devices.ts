import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { BACKENDS } from '../../backends/registry.js';
import type { Probe } from '../../core/backend.js';

/** A device of a backend, and whether it can run here. */
export interface DeviceRow {
  readonly backend: string;
  readonly device: string;
  readonly available: boolean;
  /** It computes on the CPU in the place of a GPU: right, but slow. */
  readonly inSoftware: boolean;
  /** What it is, or why it cannot run. */
  readonly detail: string;
}

const TIME_LIMIT_MS = 120_000;
/** Only this much of what a driver says is kept. */
const MAX_SAID = 65_536;

/**
 * Tries every device of every backend, each in a process of its own: drivers print on the error
 * output whatever they like, and may end their process or never answer.
 */
export async function probeDevices(): Promise<readonly DeviceRow[]> {
  const wanted = BACKENDS.all.flatMap(({ name, devices }) =>
    devices.map((device) => ({ backend: name, device })),
  );
  const rows: DeviceRow[] = [];
  const left = [...wanted.entries()];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, { backend, device }] = next;
      rows[index] = row(backend, device, await probeInChild(backend, device));
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));
  return rows;
}

function row(backend: string, device: string, probe: Probe): DeviceRow {
  const { available } = probe;
  const inSoftware = available && probe.emulated === true;
  const detail = available ? probe.device : probe.reason;
  return { backend, device, available, inSoftware, detail };
}

function probeInChild(backend: string, device: string): Promise<Probe> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const file = fileURLToPath(new URL(`./probe-worker.${extension}`, import.meta.url));
  const child = fork(file, [backend, device], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    timeout: TIME_LIMIT_MS,
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-MAX_SAID);
  });
  return new Promise((resolve) => {
    let answer: Probe | undefined;
    child.on('message', (message) => {
      answer = message as Probe;
    });
    child.on('error', (error) => resolve({ available: false, reason: error.message }));
    child.on('close', (code, signal) => {
      const last = said.trim().split('\n').at(-1) ?? '';
      const how =
        signal === 'SIGTERM'
          ? 'did not answer in two minutes'
          : `ended its process (${signal ?? code})`;
      const reason = `the attempt ${how}${last === '' ? '' : `: ${last}`}`;
      resolve(answer ?? { available: false, reason });
    });
  });
}
