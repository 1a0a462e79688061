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
}

const ROOT = resolve(import.meta.dirname, '..');
const LAYERS = ['spec', 'core', 'reference', 'conformance', 'backends', 'scripts', 'package.json'];

export function mistakesOf(backend: string): readonly Mistake[] {
  const file = join(ROOT, 'backends', backend, 'mutants.json');
  return JSON.parse(readFileSync(file, 'utf8')) as readonly Mistake[];
}

/** The source with the mistake in it. @throws Error where its text does not occur exactly once. */
export function planted(source: string, { name, find, replace, prepend }: Mistake): string {
  const count = source.split(find).length - 1;
  if (count !== 1) throw new Error(`${name}: its text occurs ${count} times`);
  const changed = source.replace(find, () => replace);
  const line = prepend === undefined ? '' : `\n${prepend}\n`;
  return `${changed}${line}`;
}

async function main([backend = 'onnx', word = '']: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-plant-'));
  try {
    for (const layer of LAYERS) cpSync(join(ROOT, layer), join(folder, layer), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const control = await judge(folder, backend, '');
    if (control !== undefined) throw new Error(`the backend fails as it is: ${control}`);
    const mistakes = mistakesOf(backend).filter(({ name }) => name.includes(word));
    let found = 0;
    for (const mistake of mistakes) {
      const file = join(folder, 'backends', backend, mistake.file);
      const source = readFileSync(file, 'utf8');
      writeFileSync(file, planted(source, mistake));
      const by =
        (await judge(folder, backend, mistake.foundBy)) ?? (await judge(folder, backend, ''));
      writeFileSync(file, source);
      if (by !== undefined) found += 1;
      console.log(by === undefined ? `MISSED  ${mistake.name}` : `found   ${mistake.name}: ${by}`);
    }
    console.log(`${found} of ${mistakes.length} planted mistakes were found in ${backend}`);
    if (found < mistakes.length) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The first check that does not pass, in a process of its own; undefined where all do. */
async function judge(folder: string, backend: string, filter: string): Promise<string | undefined> {
  const script = join(folder, 'scripts', 'first-failure.ts');
  const run = promisify(execFile)(process.execPath, ['--import', 'tsx', script, backend, filter], {
    cwd: folder,
    timeout: 300_000,
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
