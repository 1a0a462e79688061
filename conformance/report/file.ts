import { z } from 'zod';
import { CONTRACT_NAMES } from '../../spec/contracts/index.js';
import { LacunaError } from '../../spec/errors.js';
import { DTYPES } from '../../spec/program/index.js';
import { MEASURED } from '../accuracy.js';
import { VERDICTS } from '../check.js';
import { jsonText } from './json-text.js';
import type { CaseOutputs } from './record.js';
import { type ConformanceReport, makeReport } from './report.js';

/** `report.json`: the report, and the outputs that can be judged again. */
export interface ReportFile extends ConformanceReport {
  readonly outputs: readonly CaseOutputs[];
}

/** A number as JSON has it: those that JSON cannot write are words. */
const number = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]).transform(Number);
const text = z.string().max(20_000);
const id = z.string().max(300);
const verdict = z.enum(VERDICTS);
const deviation = z.object({
  output: id,
  index: z.array(z.number()).max(16),
  got: number,
  want: number,
  low: number,
  high: number,
  ratio: number,
});
const check = z.object({
  id,
  level: z.union([
    z.literal(0),
    z.literal(1),
    z.literal(2),
    z.literal(3),
    z.literal(4),
    z.literal(5),
  ]),
  clauses: z.array(id).max(50),
  seconds: z.number(),
  verdict,
  cases: z.number(),
  elements: z.number(),
  undecided: z.number(),
  worstRatio: number,
  reason: text.optional(),
  beyondContract: z.literal(true).optional(),
  known: text.optional(),
  failure: z
    .object({
      address: text,
      what: text,
      deviation: deviation.optional(),
      path: id.optional(),
      double: z.literal(true).optional(),
      program: text.optional(),
      diagnosis: text.optional(),
    })
    .optional(),
});
const tensor = z.object({
  dtype: z.enum(DTYPES),
  shape: z.array(z.number().int().min(0)).max(16),
  sha256: z.string().length(64),
  data: z.string().max(4096).optional(),
});
const SCHEMA = z.object({
  format: z.literal('lacuna-conformance/1'),
  spec: id,
  suite: id,
  subject: z.object({
    name: id,
    version: id,
    device: text,
    contract: z.enum(CONTRACT_NAMES),
    deterministic: z.boolean(),
    claims: z.array(id).max(100),
  }),
  seed: z.number(),
  double: z.boolean(),
  command: text.optional(),
  checks: z.array(check).max(10_000),
  counts: z.record(verdict, z.number()),
  accuracy: z
    .array(
      z.object({
        function: z.enum(MEASURED),
        observed: number,
        granted: number.optional(),
        statistical: number.optional(),
        at: number.optional(),
      }),
    )
    .max(100),
  canaries: z
    .array(z.object({ name: id, address: text, mustFail: z.boolean(), behaved: z.boolean() }))
    .max(1000),
  valid: z.boolean(),
  ok: z.boolean(),
  outputs: z
    .array(
      z.object({
        check: id,
        address: text,
        runs: z.array(z.record(z.string(), tensor)).max(100),
      }),
    )
    .max(1_000_000),
});

export function writeReport(report: ReportFile): string {
  return jsonText(report);
}

/**
 * A report from its text. What follows from its checks and canaries (counts, `ok`, `valid`) is computed
 * again: what the file says of it is not believed.
 *
 * @param onNote Told, in a sentence, where the file says otherwise.
 * @throws LacunaError where the text is no report.
 */
export function readReport(
  source: string,
  where: string,
  onNote: (sentence: string) => void = () => {},
): ReportFile {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (cause) {
    throw new LacunaError({ where, what: 'the file is no JSON' }, { cause });
  }
  const parsed = SCHEMA.safeParse(value);
  if (parsed.success) return recomputed(parsed.data as ReportFile, where, onNote);
  const [issue] = parsed.error.issues;
  throw new LacunaError({
    where,
    what: 'the file is no conformance report',
    got: issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`,
    expected: 'report.json as `lacuna conform --out` writes it',
  });
}

function recomputed(
  stated: ReportFile,
  where: string,
  onNote: (sentence: string) => void,
): ReportFile {
  const report = { ...makeReport(stated), outputs: stated.outputs };
  const facts = ({ counts, ok, valid }: ConformanceReport): string =>
    `${VERDICTS.map((verdict) => `${counts[verdict] ?? 'no number of'} ${verdict}`).join(', ')}, ${ok ? 'ok' : 'not ok'}, ${valid ? 'valid' : 'not valid'}`;
  if (facts(stated) !== facts(report)) {
    onNote(`${where} says ${facts(stated)}; its checks come to ${facts(report)}`);
  }
  return report;
}
