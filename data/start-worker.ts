import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/**
 * Files of this project that run by themselves, named without their ending from the project's folder:
 * JavaScript when built, TypeScript in the sources. There tests name a folder of built files in
 * `LACUNA_BUILT`; for scripts the tool `tsx`, which does not reach into threads and processes by itself,
 * translates them.
 */
const HERE = import.meta.url;

/** The built file; undefined where there are sources alone. */
function built(name: string): string | undefined {
  const { LACUNA_BUILT } = process.env;
  if (!HERE.endsWith('.ts')) return fileURLToPath(new URL(`../${name}.js`, HERE));
  return LACUNA_BUILT === undefined ? undefined : join(LACUNA_BUILT, `${name}.js`);
}

function tsx(): URL {
  return new URL('.', pathToFileURL(createRequire(HERE).resolve('tsx/esm/api')));
}

/** A thread that runs a file of this project. */
export function startWorker(name: string, workerData: unknown): Worker {
  const file = built(name);
  if (file !== undefined) return new Worker(file, { workerData });
  const program = `import('${tsx().href}index.mjs').then(({ register }) => {
    register();
    return import('${new URL(`../${name}.ts`, HERE).href}');
  });`;
  return new Worker(program, { eval: true, workerData, execArgv: [] });
}

/** A process that does: whatever it dies of, it dies alone, and what it says on its way is not shown. */
export function startProcess(
  name: string,
  args: readonly string[],
  { maxHeapMib }: { readonly maxHeapMib: number },
): ChildProcess {
  const file = built(name);
  const translated =
    file === undefined ? ['--import', new URL('../../esm/index.mjs', tsx()).href] : [];
  return fork(file ?? fileURLToPath(new URL(`../${name}.ts`, HERE)), [...args], {
    execArgv: [`--max-old-space-size=${maxHeapMib}`, ...translated],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}
