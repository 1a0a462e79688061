import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/**
 * Plants every mistake that `backends/NAME/mutants.json` lists, one at a time, in a copy of the
 * sources, runs the conformance suite on the backend so changed, and says which of them it finds:
 *
 *     npx tsx scripts/plant.ts onnx            all of them, about 4 seconds each
 *     npx tsx scripts/plant.ts onnx donat      those whose name contains the word
 *     npx tsx scripts/plant.ts webgpu units    those that need a device with matrix units, too
 *
 * Ends with 1 when one is not found, or when the backend fails without any.
 */
export interface Mistake {
  readonly name: string;
  /** The file below the backend's folder, a text that occurs in it once, and what stands there instead. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** A line to put below the file's imports. */
  readonly prepend?: string;
  /** The checks that are expected to find it, by the start of their ids: they run first. */
  readonly foundBy: string;
  /** What only some devices have, and without which it does not show: planted where this is the word. */
  readonly needs?: string;
  /** A change that is no mistake, where the mistake shows only with it: other limits, other tiles. */
  readonly setup?: Change;
}

/** A text of a file below the backend's folder, and what stands there instead. */
type Change = Pick<Mistake, 'file' | 'find' | 'replace' | 'prepend'>;

const ROOT = resolve(import.meta.dirname, '..');
const LAYERS = ['spec', 'core', 'reference', 'conformance', 'backends', 'scripts', 'package.json'];

export function mistakesOf(backend: string): readonly Mistake[] {
  const file = join(ROOT, 'backends', backend, 'mutants.json');
  return JSON.parse(readFileSync(file, 'utf8')) as readonly Mistake[];
}

/** The source with the mistake in it. @throws Error where its text does not occur exactly once. */
export function planted(
  source: string,
  { find, replace, prepend }: Pick<Mistake, 'find' | 'replace' | 'prepend'>,
): string {
  const count = source.split(find).length - 1;
  if (count !== 1) throw new Error(`the text of a mistake occurs ${count} times: ${find}`);
  const changed = source.replace(find, () => replace);
  const line = prepend === undefined ? '' : `\n${prepend}\n`;
  return `${changed}${line}`;
}

async function main([backend = 'onnx', word = '']: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-plant-'));
  try {
    for (const layer of LAYERS) cpSync(join(ROOT, layer), join(folder, layer), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const named = mistakesOf(backend).filter(({ name }) => name.includes(word));
    const mistakes = named.filter(({ needs = word }) => needs === word);
    for (const { name, needs } of named) {
      if (needs !== undefined && needs !== word)
        console.log(
          `not planted: ${name}; on a device with ${needs}: plant.ts ${backend} ${needs}`,
        );
    }
    const all = word === '' ? [''] : new Set(mistakes.map(({ foundBy }) => foundBy));
    for (const filter of all) {
      const fails = await judge(folder, backend, filter);
      if (fails !== undefined) throw new Error(`the backend fails as it is: ${fails}`);
    }
    for (const { setup, foundBy } of controls(mistakes)) {
      const undo = plant(folder, backend, setup);
      const fails = await judge(folder, backend, foundBy);
      undo();
      if (fails !== undefined) throw new Error(`the backend fails with ${setup.replace}: ${fails}`);
    }
    let found = 0;
    for (const mistake of mistakes) {
      const { setup } = mistake;
      const undo = [setup, mistake].map((change) => change && plant(folder, backend, change));
      const by =
        (await judge(folder, backend, mistake.foundBy)) ?? (await judge(folder, backend, ''));
      for (const each of undo.reverse()) each?.();
      if (by !== undefined) found += 1;
      console.log(by === undefined ? `MISSED  ${mistake.name}` : `found   ${mistake.name}: ${by}`);
    }
    console.log(`${found} of ${mistakes.length} planted mistakes were found in ${backend}`);
    if (found < mistakes.length) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Each setup with each start of ids that it is used with, once: without a mistake it must pass. */
function controls(
  mistakes: readonly Mistake[],
): readonly { readonly setup: Change; readonly foundBy: string }[] {
  const found = mistakes.flatMap(({ setup, foundBy }) =>
    setup === undefined ? [] : [[`${foundBy} ${setup.replace}`, { setup, foundBy }] as const],
  );
  return [...new Map(found).values()];
}

/** Changes a file of the copy. @returns What changes it back. */
function plant(folder: string, backend: string, change: Change): () => void {
  const file = join(folder, 'backends', backend, change.file);
  const source = readFileSync(file, 'utf8');
  writeFileSync(file, planted(source, change));
  return () => writeFileSync(file, source);
}

/** The first check that does not pass, in a process of its own; undefined where all do. */
async function judge(folder: string, backend: string, filter: string): Promise<string | undefined> {
  const script = join(folder, 'scripts', 'first-failure.ts');
  const run = promisify(execFile)(process.execPath, ['--import', 'tsx', script, backend, filter], {
    cwd: folder,
    timeout: 900_000,
  });
  try {
    const { stdout } = await run;
    return stdout.trim() === '' ? undefined : stdout.trim();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return `the process ended: ${text.split('\n').slice(0, 3).join(' ').slice(0, 200)}`;
  }
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
