/**
 * Before the tests: the sources as JavaScript, in the folder that `built` of `core/testing` names.
 * Processes and threads that tests start know nothing of Vitest; translated once, here, a command
 * starts in half a second instead of two, as what users install does, and a page that is served is as the
 * sources are now. `npm run check` judges types.
 */
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { TestProject } from 'vitest/node';

const ROOT = join(import.meta.dirname, '..');

export default async function transpile({ config }: TestProject): Promise<void> {
  const { LACUNA_BUILT: folder = '.built' } = config.env;
  const { include } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.build.json'), 'utf8')) as {
    readonly include: readonly string[];
  };
  // A pattern of files lies in one of the folders.
  const files = include
    .filter((room) => !room.includes('*'))
    .flatMap((room) =>
      readdirSync(join(ROOT, room), { recursive: true }).map((name) => join(room, String(name))),
    );
  await build({
    entryPoints: files.filter((name) => /(?<!\.test)\.ts$/.test(name)),
    absWorkingDir: ROOT,
    outdir: folder,
    outbase: '.',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
  for (const name of files.filter((each) => each.endsWith('.json')))
    cpSync(join(ROOT, name), join(folder, name));
}
