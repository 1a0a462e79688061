import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Breakdown, PortLost } from '../../protocol/index.js';
import { LacunaError } from '../../spec/index.js';
import { onCopies } from './copies.js';
import { drawsOf } from './draws.js';
import { SUBJECTS } from './fuzz-subjects.js';
import { mutate } from './mutate.js';

/** Longer than any of these folders takes, by far: of this process, and of a machine that others use, too. */
const MAX_SECONDS = { computing: 10, passing: 120 };

/** Errors that say what is wrong with what was sent. */
const OURS = [LacunaError, Breakdown, PortLost];

export interface Fuzzed {
  readonly mutants: number;
  /** Of them those that were refused; the others were read. */
  readonly refused: number;
  /** A sentence for each that met an error which is none of ours, took too long, or changed a file outside. */
  readonly faults: readonly string[];
}

/** Mutates the files of a subject's folder, `count` times; `onDone` is told of each. */
export async function fuzzFiles(
  name: string,
  count: number,
  seed: number,
  onDone: (done: Fuzzed) => void = () => {},
): Promise<Fuzzed> {
  const subject = Object.hasOwn(SUBJECTS, name) ? SUBJECTS[name] : undefined;
  if (subject === undefined) {
    throw new LacunaError({
      what: 'there is no such subject',
      got: name,
      expected: Object.keys(SUBJECTS).join(', '),
    });
  }
  const draw = drawsOf(seed);
  const faults: string[] = [];
  let outside = '';
  let before = '';
  let refused = 0;
  let mutants = 0;
  try {
    await onCopies(
      count,
      async (whole, base) => {
        outside = join(base, 'outside');
        mkdirSync(outside);
        await subject.make(whole);
        writeFileSync(join(outside, 'theirs'), 'theirs');
        cpSync(whole, join(outside, 'folder'), { recursive: true });
        before = contentOf(outside);
      },
      async (mutant, i) => {
        const what = mutate(mutant, outside, draw);
        const start = performance.now();
        const computed = process.cpuUsage();
        try {
          await subject.use(mutant);
        } catch (error) {
          if (OURS.some((each) => error instanceof each)) refused++;
          else
            faults.push(`${i}, ${what}: ${error instanceof Error ? error.stack : String(error)}`);
        }
        const { user, system } = process.cpuUsage(computed);
        const passing = (performance.now() - start) / 1000;
        if ((user + system) / 1e6 > MAX_SECONDS.computing || passing > MAX_SECONDS.passing)
          faults.push(`${i}, ${what}: too slow, ${passing.toFixed(0)} s`);
        mutants++;
        onDone({ mutants, refused, faults });
        if (contentOf(outside) === before) return undefined;
        faults.push(`${i}, ${what}: a file outside was changed`);
        return true;
      },
    );
  } finally {
    subject.end?.();
  }
  return { mutants, refused, faults };
}

/** What lies in a folder, and when it was changed last: also a file that was written as it was is told. */
function contentOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { ino, mode, ctimeMs } = lstatSync(path);
      const content = entry.isFile() ? readFileSync(path, 'latin1') : '';
      return `${path} ${ino} ${mode} ${ctimeMs} ${content}`;
    })
    .sort()
    .join('\n');
}
