import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HarnessInvalid } from '../../protocol/smoke-test.js';
import type { Check } from '../check.js';
import { checksFor } from '../checks.js';
import type { ConformanceReport } from '../report/index.js';
import { explain, formatReport } from '../report/index.js';
import { runChecks } from '../run-checks.js';
import { openPort } from './port-subject.js';
import { hostilePort } from './testing/hostile-port.js';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The processes that have a word on their command line; none where there is no /proc. */
function processesWith(word: string): readonly string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').filter((id) => {
    try {
      return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(word);
    } catch {
      return false;
    }
  });
}

/** @param filter Only checks whose id matches. @defaultValue all */
async function judge(scenario: string, trace?: string, filter = /./): Promise<ConformanceReport> {
  // Elsewhere an answer may be late on a busy machine; there the deadline is what is tested.
  const deadline = /^(hangs|sends half a frame|stops itself)$/.test(scenario) ? 1 : 10;
  const port = await openPort(hostilePort(scenario, trace), { deadline });
  try {
    const checks = checksFor(port).filter(({ id }) => filter.test(id));
    return await runChecks(port, { cases: 4, level: 3, checks });
  } finally {
    await port.close();
  }
}

const DECLARED = /^function\/(mask.topk|loss.mae)/;

/** Verdicts of the functions that the port declares; the checks of all others are unsupported. */
function verdicts({ checks }: ConformanceReport): Record<string, string> {
  const declared = checks.filter(({ id }) => DECLARED.test(id));
  return Object.fromEntries(declared.map(({ id, verdict }) => [id.slice(9), verdict]));
}

/** That a port which misbehaves at one function fails that case and no other, and what is said of it. */
async function failsAlone(scenario: string, message: RegExp): Promise<void> {
  const trace = join(folder, `${scenario.replaceAll(' ', '-')}-${process.pid}`);
  const report = await judge(scenario, trace, DECLARED);
  expect(processesWith(trace), 'processes that are left').toEqual([]);
  expect(verdicts(report)).toEqual({
    'mask.topk/count': 'pass',
    'mask.topk': 'pass',
    'loss.mae': 'fail',
    'loss.mae/gradient': 'blocked',
  });
  const failed = report.checks.find(({ verdict }) => verdict === 'fail');
  expect(failed === undefined ? '' : explain(failed, { seed: 1 })).toMatch(message);
  expect(report.ok).toBe(false);
}

describe('a port that behaves', () => {
  it('passes what it declares; the rest is unsupported and counts', async () => {
    const report = await judge('honest');
    expect(verdicts(report)).toEqual({
      'mask.topk/count': 'pass',
      'mask.topk': 'pass',
      'loss.mae': 'pass',
      'loss.mae/gradient': 'pass',
    });
    expect(report.counts.pass).toBeGreaterThanOrEqual(4);
    expect(report.counts.unsupported).toBe(report.checks.length - report.counts.pass);
    expect(report.ok).toBe(false);
    expect(report.valid).toBe(true);
    expect(formatReport(report)).toContain('the port does not declare random.philox');
  });
});

describe('a port that, asked for one function,', () => {
  it.each<[string, RegExp]>([
    ['dies', /its output ended before a whole line \(exit code 3\)\nstderr: out of luck/],
    ['is killed', /its output ended before a whole line \(signal SIGKILL\)/],
    ['prints garbage', /its answer is no JSON: "Segmentation fault, sort of"/],
    ['floods its output', /a line of its output is longer than 1048576 bytes/],
    ['speaks unasked', /wrote 6 bytes to stdout that nobody asked for/],
    ['claims a giant frame', /its tensors have 1073741824 bytes, more than 268435456/],
    ['claims bytes that fit no shape', /loss: 4 bytes for f32\[3\], which has 12/],
    ['answers in another type', /the type is f64\[\], not f32\[\]/],
    ['answers in another shape', /the type is f32\[1\], not f32\[\]/],
    ['leaves a result out', /the output is missing/],
    ['adds a result', /returns accuracy, which is no result/],
    ['answers another request', /answers request \d+, not \d+/],
    ['adds a field', /no message of the protocol: message: Unrecognized key: "note"/],
    ['reports an error', /the port reports: no memory left/],
    [
      'leaves a child that holds its output',
      /its output ended before a whole line \(exit code 0\)/,
    ],
    ['escapes in an error', /the port reports: no memory/],
    ['escapes in the name of a result', /which is no result/],
    ['floods its errors', /the port reports: enough/],
    ['closes its output and stays', /its output ended before a whole line/],
    ['calls a result __proto__', /returns __proto__, which is no result/],
    ['is another after it died', /its output ended before a whole line \(exit code 1\)/],
    ['gives commands to the host', /the port reports: \n::error/],
    ['is wrong from the eleventh run on', /out of bounds/],
  ])('%s fails that case and no other', failsAlone);

  it('leaves a child and lives on passes, and the child ends with it', async () => {
    const trace = join(folder, `child-${process.pid}`);
    const port = await openPort(hostilePort('leaves a child and lives on', trace));
    const report = await runChecks(port, { cases: 2, filter: 'function/loss.mae' });
    expect(report.counts).toMatchObject({ pass: 2, fail: 0 });
    expect(processesWith(trace).length).toBeGreaterThan(1);
    await port.close();
    expect(processesWith(trace)).toEqual([]);
  });

  it('dies and never starts again ends the run: not run, with the reason, and never green', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lacuna-port-'));
    try {
      const port = await openPort(hostilePort('never starts again', join(folder, 'trace')), {
        patience: 3,
      });
      const named = (name: string): Check | undefined =>
        checksFor(port).find(({ id }) => id === `function/${name}`);
      const [topk, mae] = [named('mask.topk'), named('loss.mae')];
      if (topk === undefined || mae === undefined) throw new Error('the checks are gone');
      const again = [1, 2, 3].map((n) => ({ ...topk, id: `${topk.id}/${n}` }));
      const report = await runChecks(port, { checks: [topk, mae, ...again], cases: 2 });
      await port.close();
      expect(report.checks.map(({ verdict }) => verdict)).toEqual([
        'pass',
        'fail',
        'fail',
        'fail',
        'not-run',
      ]);
      expect(report.checks.at(-1)?.reason).toContain('broke down 3 times in a row');
      expect(report.ok).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a port that runs programs', () => {
  it.each<[string, RegExp]>([
    ['fails to compile a program', /^the port reports: no compiler here$/],
    ['dies of every program', /its output ended before a whole line \(exit code 9\)/],
  ])('and %s fails its cases, and nothing else breaks', async (scenario, message) => {
    const port = await openPort(hostilePort(scenario), { deadline: 5 });
    try {
      // Without a filter, so that the accuracy is measured, too.
      const checks = checksFor(port).filter(({ id }) => /^(primitive\/neg|law\/passed)/.test(id));
      const report = await runChecks(port, { cases: 2, checks });
      // A check that no port can be asked would keep every port from passing.
      expect(checksFor(port).map(({ level }) => level)).not.toContain(5);
      expect(report.counts.fail).toBeGreaterThanOrEqual(2);
      expect(report.checks.map(({ failure }) => failure?.what ?? '').join()).toMatch(
        new RegExp(message.source.replace(/^\^|\$$/g, '')),
      );
      expect([report.accuracy, report.valid, report.ok]).toEqual([[], true, false]);
    } finally {
      await port.close();
    }
  });
});

// Their cores are idle: they are waited for together.
describe.concurrent('a port that is waited for', () => {
  it.each<[string, RegExp]>([
    ['hangs', /no answer within the deadline/],
    ['sends half a frame', /no answer within the deadline; still missing: 4 bytes of tensors/],
    ['stops itself', /no answer within the deadline/],
  ])('because it %s fails that case and no other', failsAlone);
});

describe('the smoke test', () => {
  it.each<[string, RegExp]>([
    ['dies-at-start', /its output ended/],
    ['another-protocol', /no message of the protocol: protocol/],
    ['greets', /wrote 27 bytes to stdout that nobody asked for|is no JSON/],
    ['swaps-bytes', /echo: f64.all\[\d\] comes back as/],
    ['swallows-errors', /raise is answered with result/],
  ])('finds that a port %s before it judges anything', async (scenario, message) => {
    const opening = openPort(hostilePort(scenario), { deadline: 2 });
    await expect(opening).rejects.toThrow(HarnessInvalid);
    await expect(opening).rejects.toThrow(message);
  });

  it('says which program does not start', async () => {
    await expect(openPort('/nowhere/port --fast')).rejects.toThrow(/does not start: .*ENOENT/);
  });
});
