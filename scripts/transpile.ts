/**
 * Before the tests: the sources as JavaScript, in the folder that `built` of `core/testing` names.
 * Processes and threads that tests start know nothing of Vitest; translated once, here, a command
 * starts in half a second instead of two, as what users install does, and a page that is served is as the
 * sources are now. What is started by itself is then put together in few files, since to open a thousand took
 * two thirds of that half second. `npm run check` judges types.
 */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import type { TestProject } from 'vitest/node';

const ROOT = join(import.meta.dirname, '..');

/** What tests start as processes and threads of their own. */
const STARTED = [
  'cli/main.ts',
  'cli/backends/probe-worker.ts',
  'data/annotations/parquet-worker.ts',
  'data/check/inspect-worker.ts',
  'data/loader/decode-worker.ts',
  'data/shards/shard-worker.ts',
];
/** Packages of many small files that are put together with it; all others are found where they are installed. */
const TOGETHER = ['zod', '@bufbuild/protobuf', 'fast-check'];
/** The folder of what several of them share, each file named for what is in it. */
const SHARED = 'shared-chunks';
/** The folder of the site that the pages became. */
const SITE = 'site';
const DAY_MS = 24 * 60 * 60 * 1000;

export default async function transpile({ config }: TestProject): Promise<void> {
  const { LACUNA_BUILT: folder = '.built' } = config.env;
  const site = promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', 'scripts/site.ts', '--out', join(folder, SITE)],
    { cwd: ROOT },
  );
  const { include } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.build.json'), 'utf8')) as {
    readonly include: readonly string[];
  };
  // A pattern of files lies in one of the folders.
  const rooms = include.filter((room) => !room.includes('*'));
  const files = namesIn(ROOT, rooms);
  const options = {
    absWorkingDir: ROOT,
    outdir: folder,
    outbase: '.',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  } as const;
  const sources = files.filter((name) => /(?<!\.test)\.ts$/.test(name));
  await build({
    ...options,
    entryPoints: sources.filter((name) => !STARTED.includes(name)),
    sourcemap: 'inline',
    sourcesContent: false,
  });
  await build({
    ...options,
    entryPoints: STARTED,
    bundle: true,
    splitting: true,
    external: installed()
      .filter((name) => !TOGETHER.includes(name))
      .flatMap((name) => [name, `${name}/*`]),
    platform: 'node',
    chunkNames: `${SHARED}/[hash]`,
    plugins: [inItsPlace(folder)],
  });
  // What became of sources that are no more; younger parts may be in use by other tests. The site beside them is not looked
  // into: its folder is swapped meanwhile.
  for (const name of namesIn(folder, [...rooms, SHARED])) {
    if (!name.endsWith('.js')) continue;
    const path = join(folder, name);
    const isGone = name.startsWith(SHARED)
      ? Date.now() - statSync(path).mtimeMs > DAY_MS
      : !existsSync(join(ROOT, name.replace(/js$/, 'ts')));
    if (isGone) rmSync(path);
  }
  for (const name of files.filter((each) => each.endsWith('.json')))
    cpSync(join(ROOT, name), join(folder, name));
  await site;
}

/** What lies in some folders of one, by their names in that. */
function namesIn(folder: string, parts: readonly string[]): readonly string[] {
  return parts.flatMap((part) =>
    readdirSync(join(folder, part), { recursive: true }).map((name) => join(part, String(name))),
  );
}

/** The packages of the project, by name. */
function installed(): string[] {
  const text = readFileSync(join(ROOT, 'package.json'), 'utf8');
  const { dependencies, devDependencies, peerDependencies } = JSON.parse(text) as Readonly<
    Record<
      'dependencies' | 'devDependencies' | 'peerDependencies',
      Readonly<Record<string, string>>
    >
  >;
  return Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies });
}

/** Lets each source find what lies beside it as if it were a file of its own. */
function inItsPlace(folder: string): Plugin {
  return {
    name: 'in its place',
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const own = join(folder, relative(ROOT, path)).replace(/\.ts$/, '.js');
        const place = { url: pathToFileURL(own).href, filename: own, dirname: dirname(own) };
        const text = await readFile(path, 'utf8');
        const contents = text.replaceAll(
          /\bimport\.meta\.(url|filename|dirname)\b/g,
          (_, name: keyof typeof place) => JSON.stringify(place[name]),
        );
        return { contents, loader: 'ts' };
      });
    },
  };
}
