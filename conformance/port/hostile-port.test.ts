import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HarnessInvalid } from '../../protocol/smoke-test.js';
import type { Check } from '../check.js';
import { checksFor } from '../checks.js';
import type { ConformanceReport } from '../report/index.js';
import { explain, formatReport } from '../report/index.js';
import { runChecks } from '../run-checks.js';
import { openPort } from './port-subject.js';

const FILE = join(import.meta.dirname, 'testing', 'hostile-port.mjs');

function command(scenario: string, trace = ''): string {
  return `"${process.execPath}" "${FILE}" '${scenario}' ${trace === '' ? '' : `'${trace}'`}`;
}

async function judge(scenario: string, trace?: string): Promise<ConformanceReport> {
  const port = await openPort(command(scenario, trace), { deadline: 0.5 });
  try {
    return await runChecks(port, { cases: 4, level: 3 });
  } finally {
    await port.close();
  }
}

/** Verdicts of the functions that the port declares; the checks of all others are unsupported. */
function verdicts({ checks }: ConformanceReport): Record<string, string> {
  const declared = checks.filter(({ id }) => /^function\/(mask.topk|loss.mae)/.test(id));
  return Object.fromEntries(declared.map(({ id, verdict }) => [id.slice(9), verdict]));
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
    ['hangs', /no answer within the deadline/],
    ['prints garbage', /its answer is no JSON: "Segmentation fault, sort of"/],
    ['floods its output', /a line of its output is longer than 1048576 bytes/],
    ['speaks unasked', /wrote 6 bytes to stdout that nobody asked for/],
    ['sends half a frame', /no answer within the deadline; still missing: 4 bytes of tensors/],
    ['claims a giant frame', /no message of the protocol: tensors.0.bytes: Too big/],
    ['claims bytes that fit no shape', /loss: 4 bytes for f32\[3\], which has 12/],
    ['answers in another type', /the type is f64\[\], not f32\[\]/],
    ['answers in another shape', /the type is f32\[1\], not f32\[\]/],
    ['leaves a result out', /the output is missing/],
    ['adds a result', /returns accuracy, which is no result/],
    ['answers another request', /answers request \d+, not \d+/],
    ['adds a field', /no message of the protocol: message: Unrecognized key: "note"/],
    ['reports an error', /the port reports: no memory left/],
  ])('%s fails that case and no other', async (scenario, message) => {
    const report = await judge(scenario);
    expect(verdicts(report)).toEqual({
      'mask.topk/count': 'pass',
      'mask.topk': 'pass',
      'loss.mae': 'fail',
      'loss.mae/gradient': 'blocked',
    });
    const failed = report.checks.find(({ verdict }) => verdict === 'fail');
    expect(failed === undefined ? '' : explain(failed, { seed: 1 })).toMatch(message);
    expect(report.ok).toBe(false);
  });

  it('dies and never starts again ends the run: not run, with the reason, and never green', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lacuna-port-'));
    try {
      const port = await openPort(command('never starts again', join(folder, 'trace')), {
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

describe('the smoke test', () => {
  it.each<[string, RegExp]>([
    ['dies-at-start', /its output ended/],
    ['another-protocol', /no message of the protocol: protocol/],
    ['greets', /wrote 27 bytes to stdout that nobody asked for|is no JSON/],
    ['swaps-bytes', /echo: f64.all\[\d\] comes back as/],
    ['swallows-errors', /raise is answered with result/],
  ])('finds that a port %s before it judges anything', async (scenario, message) => {
    const opening = openPort(command(scenario), { deadline: 2 });
    await expect(opening).rejects.toThrow(HarnessInvalid);
    await expect(opening).rejects.toThrow(message);
  });

  it('says which program does not start', async () => {
    await expect(openPort('/nowhere/port --fast')).rejects.toThrow(/does not start: .*ENOENT/);
  });
});
