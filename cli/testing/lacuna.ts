import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { built } from '../../core/testing/built.js';

const ROOT = resolve(import.meta.dirname, '../..');

/** The command line, for those that start it by themselves. */
export const MAIN: string = built('cli/main.ts');

/** How a command ended, and all that it printed. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Watching {
  readonly env?: NodeJS.ProcessEnv;
  readonly started?: (child: ChildProcess) => void;
  /** Sees all of the error output so far, which has the progress, whenever there is more. */
  readonly onProgress?: (all: string, child: ChildProcess) => void;
}

/** Runs `lacuna ARGS` in the project's folder, in a process of its own, to its end. */
export async function lacuna(args: readonly string[], watching: Watching = {}): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...watching.env },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
    watching.onProgress?.(stderr, child);
  });
  watching.started?.(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** As `lacuna`, where nothing has to happen meanwhile. */
export function lacunaSync(...args: readonly string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 100_000,
  });
  return { code: status, stdout, stderr };
}
