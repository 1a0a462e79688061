import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checksFor } from '../../checks.js';
import type { ConformanceReport } from '../../report/index.js';
import { runChecks } from '../../run-checks.js';
import { openPort } from '../port-subject.js';
import { PYTHON_PORTS } from './python-ports.js';

/** A line of the NumPy port, what becomes of it, and the clauses that the report must name. */
export type Break = readonly [
  what: string,
  file: string,
  line: string,
  broken: string,
  clauses: readonly string[],
];

/** Which checks judge a broken port, and how many cases of each. */
interface BrokenChecks {
  readonly ids: RegExp;
  readonly cases: number;
}

/**
 * Judges a copy of the NumPy port in which one line is broken.
 *
 * @throws Error where the line is not in the file once.
 */
export async function judgeBroken(
  file: string,
  line: string,
  broken: string,
  { ids, cases }: BrokenChecks,
): Promise<ConformanceReport> {
  const { command, folder: source } = PYTHON_PORTS.numpy;
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-port-'));
  try {
    cpSync(join(source, 'lacuna_port'), join(folder, 'lacuna_port'), { recursive: true });
    const path = join(folder, 'lacuna_port', `${file}.py`);
    const text = readFileSync(path, 'utf8');
    const count = text.split(line).length - 1;
    if (count !== 1) throw new Error(`the line is in ${file}.py ${count} times: ${line}`);
    writeFileSync(path, text.replace(line, broken));
    const port = await openPort(command, { folder });
    try {
      const checks = checksFor(port).filter(({ id }) => ids.test(id));
      return await runChecks(port, { checks, cases, verdictOnly: true });
    } finally {
      await port.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The clauses of the checks that a report has as failed, sorted. */
export function brokenClauses({ checks }: ConformanceReport): readonly string[] {
  const failed = checks.filter(({ verdict }) => verdict === 'fail');
  return [...new Set(failed.flatMap(({ clauses }) => clauses))].sort();
}
