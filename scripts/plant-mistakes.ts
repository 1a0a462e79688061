import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { PlantedByName, PlantedCounts } from '../conformance/mutants/proof-page.js';

/**
 * Plants every mistake that `backends/NAME/mutants.json` lists, one at a time, in a copy of the
 * sources, runs the conformance suite on the backend so changed, and says which of them it finds:
 *
 *     npx tsx scripts/plant-mistakes.ts onnx            all of them, about 4 seconds each
 *     npx tsx scripts/plant-mistakes.ts onnx donat      those whose name contains the word
 *     npx tsx scripts/plant-mistakes.ts webgpu real    those at the sizes of training
 *     npx tsx scripts/plant-mistakes.ts numpy           in the NumPy port (`ports/python/mutants.json`)
 *     npx tsx scripts/plant-mistakes.ts torch           in the PyTorch port (`ports/pytorch/mutants.json`)
 *     npx tsx scripts/plant-mistakes.ts torch apart     those listed without a look at the suite
 *
 * Ends with 1 when one is not found and has no reason, or when the backend fails without any. What came of
 * each is kept in `conformance/mutants/planted.json`, and `docs/proof.md` counts it.
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
  /** Whether it was planted by somebody who did not write the cases, at the sizes of training. */
  readonly real?: boolean;
  /** Whether it was listed by a reader of the port alone, who wrote neither it nor the cases, and had not read them. */
  readonly apart?: boolean;
  /** Why no check can find it, where none can. */
  readonly survives?: string;
  /** It shows only where so many devices share batches, each with a part of the state: the suite is run so. */
  readonly devices?: number;
  /** A change that is no mistake, where the mistake shows only with it: other limits, other tiles. */
  readonly setup?: Change;
}

/** A text of a file below the backend's folder, and what stands there instead. */
type Change = Pick<Mistake, 'file' | 'find' | 'replace' | 'prepend'>;

const ROOT = resolve(import.meta.dirname, '..');
const PLANTED = join(ROOT, 'conformance', 'mutants', 'planted.json');
/** What a run of the suite may take. */
const SECONDS = 900;
/** What is said of a run that did not come to its end. */
const ENDED = 'the process ended';
const LAYERS = [
  'spec',
  'core',
  'formats',
  'protocol',
  'reference',
  'conformance',
  'backends',
  'ports',
  'scripts',
  'package.json',
];

/** The folder and the package of each port that mistakes are planted in. */
const PORTS = new Map([
  ['numpy', ['python', 'lacuna_port']],
  ['torch', ['pytorch', 'lacuna_torch']],
] as const);

/** The names of those ports. */
export const PLANTED_PORTS: readonly string[] = [...PORTS.keys()];

/** Where the sources of a backend, or of a port, lie, and the list of its mistakes. */
export function plantedIn(backend: string): { readonly folder: string; readonly list: string } {
  const port = new Map<string, readonly [string, string]>(PORTS).get(backend);
  if (port !== undefined) {
    return {
      folder: join('ports', ...port),
      list: join('ports', port[0], 'mutants.json'),
    };
  }
  const folder = join('backends', backend);
  return { folder, list: join(folder, 'mutants.json') };
}

export function mistakesOf(backend: string): readonly Mistake[] {
  return JSON.parse(
    readFileSync(join(ROOT, plantedIn(backend).list), 'utf8'),
  ) as readonly Mistake[];
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
    // Not what cargo built of the Rust port.
    const filter = (path: string): boolean => !path.endsWith(join('rust', 'target'));
    for (const layer of LAYERS)
      cpSync(join(ROOT, layer), join(folder, layer), { recursive: true, filter });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const mistakes = mistakesOf(backend).filter(({ name, real = false, apart = false }) => {
      if (word === 'apart') return apart;
      return word === 'real' ? real : name.includes(word);
    });
    const first = mistakes.map(({ foundBy, devices }) =>
      JSON.stringify([foundBy, devices ?? null]),
    );
    const all =
      word === '' ? ['["",null]', ...first.filter((each) => !each.endsWith('null]'))] : first;
    for (const each of new Set(all)) {
      const [filter, devices] = JSON.parse(each) as [string, number | null];
      const fails = await judge(folder, backend, filter, devices ?? undefined);
      if (fails !== undefined) throw new Error(`the backend fails as it is: ${fails}`);
    }
    for (const { setup, foundBy } of controls(mistakes)) {
      const undo = plant(folder, backend, setup);
      const fails = await judge(folder, backend, foundBy);
      undo();
      if (fails !== undefined) throw new Error(`the backend fails with ${setup.replace}: ${fails}`);
    }
    const found: Record<string, string> = {};
    for (const mistake of mistakes) {
      const { setup } = mistake;
      const undo = [setup, mistake].map((change) => change && plant(folder, backend, change));
      const { devices } = mistake;
      const by =
        (await judge(folder, backend, mistake.foundBy, devices)) ??
        (await judge(folder, backend, '', devices));
      for (const each of undo.reverse()) each?.();
      // An end that has nothing to do with the mistake would count as a find.
      if (by?.startsWith(ENDED) === true) {
        const fails = await judge(folder, backend, mistake.foundBy, devices);
        if (fails !== undefined) throw new Error(`the backend fails as it is: ${fails}`);
      }
      found[mistake.name] = by ?? '';
      // At once: what was seen is kept when the rest is cut off.
      record(backend, found);
      const missed = mistake.survives === undefined ? 'MISSED ' : `missed, ${mistake.survives}:`;
      console.log(
        by === undefined ? `${missed} ${mistake.name}` : `found   ${mistake.name}: ${by}`,
      );
    }
    const missed = mistakes.filter(({ name }) => found[name] === '');
    console.log(
      `${mistakes.length - missed.length} of ${mistakes.length} planted mistakes were found in ${backend}`,
    );
    if (missed.some(({ survives }) => survives === undefined)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What came of the mistakes planted in a backend, by name: the check that found each, or nothing. */
type Planted = Readonly<Record<string, string>>;

/** Writes what came of each mistake, beside what is known of the others in the list. */
function record(backend: string, found: Planted): void {
  const before = plantedBefore();
  const all = { ...before[backend], ...found };
  const own = mistakesOf(backend).flatMap(({ name }) =>
    all[name] === undefined ? [] : [[name, all[name]] as const],
  );
  const next = { ...before, [backend]: Object.fromEntries(own) };
  writeFileSync(PLANTED, `${JSON.stringify(next, undefined, 1)}\n`);
}

function plantedBefore(): Readonly<Record<string, Planted>> {
  return JSON.parse(readFileSync(PLANTED, 'utf8')) as Readonly<Record<string, Planted>>;
}

/** How many of the mistakes planted in each backend were found, for `docs/proof.md`. */
export function plantedCounts(): PlantedByName {
  const counts = ([backend, found]: readonly [string, Planted]): [string, PlantedCounts] => {
    const listed = mistakesOf(backend);
    const tried = listed.filter(({ name }) => found[name] !== undefined);
    const isFound = ({ name }: Mistake): boolean => found[name] !== '';
    const real = tried.filter((mistake) => mistake.real === true);
    const own = {
      listed: listed.length,
      planted: tried.length,
      found: tried.filter(isFound).length,
      real: { planted: real.length, found: real.filter(isFound).length },
      survivors: tried
        .filter((mistake) => !isFound(mistake))
        .map(({ name, survives = 'not explained' }) => ({ name, reason: survives })),
    };
    return [backend, own];
  };
  return Object.fromEntries(Object.entries(plantedBefore()).map(counts));
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
  const file = join(folder, plantedIn(backend).folder, change.file);
  const source = readFileSync(file, 'utf8');
  writeFileSync(file, planted(source, change));
  return () => writeFileSync(file, source);
}

/** The first check that does not pass; undefined where all do. */
async function judge(
  folder: string,
  backend: string,
  filter: string,
  devices?: number,
): Promise<string | undefined> {
  if (PLANTED_PORTS.includes(backend)) {
    // A port is a process of its own, and the suite is not changed.
    const { firstFailure } = await import('./first-failure.js');
    try {
      return await firstFailure(backend, filter, join(folder, dirname(plantedIn(backend).folder)));
    } catch (error) {
      // It does not start, or its protocol layer is wrong.
      return `${ENDED}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`;
    }
  }
  return judgeApart(folder, backend, filter, devices);
}

/** The same of a backend, in a process of its own, which reads the changed sources. */
async function judgeApart(
  folder: string,
  backend: string,
  filter: string,
  devices?: number,
): Promise<string | undefined> {
  const script = join(folder, 'scripts', 'first-failure.ts');
  const words = [script, backend, filter, ...(devices === undefined ? [] : [String(devices)])];
  const run = promisify(execFile)(process.execPath, ['--import', 'tsx', ...words], {
    cwd: folder,
    timeout: SECONDS * 1000,
  });
  try {
    const { stdout } = await run;
    // A device may print what it refuses before: the program's own word is its last line.
    const told = stdout.trim().split('\n').at(-1);
    return told === '' ? undefined : told;
  } catch (error) {
    // Whoever is slow is no find.
    if (error instanceof Error && 'killed' in error && error.killed === true) {
      throw new Error(`the suite takes more than ${SECONDS} s`, { cause: error });
    }
    const code = error instanceof Error && 'code' in error ? ` with ${String(error.code)}` : '';
    return `${ENDED}${code}`;
  }
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
