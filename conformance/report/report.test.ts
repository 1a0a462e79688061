import { describe, expect, it } from 'vitest';
import { float32 } from '../../reference/index.js';
import { formatAddress, parseAddress } from '../address.js';
import { runCanaries } from '../canaries.js';
import type { CaseRecord } from '../check.js';
import { CHECKS } from '../checks.js';
import { judgeCase } from '../family-check.js';
import { FAULTY_FLEET } from '../fleet/faulty.js';
import { float32Backend, LEGAL_FLEET } from '../fleet/legal.js';
import { parseKnown } from '../known-failures.js';
import { runChecks } from '../run-checks.js';
import { backendSubject } from '../subject.js';
import { badgeOf, badgeSvg } from './badge.js';
import { compareReports } from './compare.js';
import { type ReportFile, readReport, writeReport } from './file.js';
import { junit } from './junit.js';
import { markdown } from './markdown.js';
import { type CaseOutputs, type RecordedTensor, recordCase } from './record.js';
import { type Rejudgement, rejudge } from './rejudge.js';
import { type CheckReport, type ConformanceReport, formatReport, makeReport } from './report.js';
import { annotations, sarif } from './sarif.js';

const [legal] = LEGAL_FLEET as readonly [(typeof LEGAL_FLEET)[number]];
const faulty = (name: string): (typeof FAULTY_FLEET)[number] => {
  const fault = FAULTY_FLEET.find((each) => each.name === name);
  if (fault === undefined) throw new Error('the fault is gone');
  return fault;
};
const FEW = CHECKS.filter(({ id }) => /^primitive\/(add|mul|matmul|neg|tanh\/subnormal)$/.test(id));

async function reportOf(open: () => ReturnType<typeof legal.open>): Promise<ReportFile> {
  const outputs: CaseRecord[] = [];
  const report = await runChecks(backendSubject(open()), {
    checks: FEW,
    onCase: (record) => outputs.push(record),
  });
  return { ...report, outputs: await Promise.all(outputs.map(recordCase)) };
}

describe('an address', () => {
  it('makes the parameters again', () => {
    const parameters = { shape: [2, 3], regime: 'ties', draw: 12, keep: true };
    const address = formatAddress('primitive/neg', parameters);
    expect(address).toBe('primitive/neg:shape=[2,3];regime="ties";draw=12;keep=true');
    expect(parseAddress(address)).toEqual({ id: 'primitive/neg', parameters });
    expect(() => parseAddress('nonsense')).toThrow('no address of a case');
    expect(() => parseAddress('a:b=c')).toThrow('no address of a case');
  });
});

describe('report.json', () => {
  it('is read as it was written, infinities too', async () => {
    const report = await reportOf(legal.open);
    expect(readReport(writeReport(report), 'report.json')).toEqual(
      JSON.parse(JSON.stringify(report)),
    );
    const bad = await reportOf(faulty('one element with its sign flipped').open);
    const [failed] = bad.checks.filter(({ verdict }) => verdict === 'fail');
    const again = readReport(writeReport(bad), 'report.json');
    const ratio = again.checks.find(({ id }) => id === failed?.id)?.worstRatio;
    expect(ratio).toBe(failed?.worstRatio);
  });

  it('is refused with the place where it is wrong', () => {
    expect(() => readReport('{', 'x.json')).toThrow('x.json: the file is no JSON');
    expect(() => readReport('{"format":"other"}', 'x.json')).toThrow('format');
  });

  it('is judged again without the backend, and a changed output is found', async () => {
    const report = await reportOf(legal.open);
    const { judged, agrees, changes } = rejudge(report, FEW);
    expect([agrees, changes, judged > 20]).toEqual([true, [], true]);
    const outputs = report.outputs.map((each) => {
      if (each.check !== 'primitive/neg') return each;
      const runs = each.runs.map((run) =>
        Object.fromEntries(
          Object.entries(run).map(([name, tensor]) => [
            name,
            { ...tensor, data: changed(tensor.data) },
          ]),
        ),
      );
      return { ...each, runs };
    });
    expect(rejudge({ ...report, outputs }, FEW).agrees).toBe(false);
  });

  it('is not confirmed where outputs are missing, in whatever way they were taken out', async () => {
    const report = await reportOf(legal.open);
    const honest = rejudge(report, FEW);
    expect([honest.agrees, honest.unconfirmed, honest.unrecorded]).toEqual([true, [], []]);
    expect(honest.cases).toBe(30);
    const forged = (make: (each: CaseOutputs) => readonly CaseOutputs[]): Rejudgement =>
      rejudge({ ...report, outputs: report.outputs.flatMap(make) }, FEW);
    const tensors = (change: (tensor: RecordedTensor) => RecordedTensor) => (each: CaseOutputs) => {
      const runs = each.runs.map((run) =>
        Object.fromEntries(Object.entries(run).map(([name, tensor]) => [name, change(tensor)])),
      );
      return [{ ...each, runs }];
    };
    for (const [name, found] of Object.entries({
      'no outputs': forged(() => []),
      'no runs': forged((each) => [{ ...each, runs: [] }]),
      'empty runs': forged((each) => [{ ...each, runs: each.runs.map(() => ({})) }]),
      'one run': forged((each) => [{ ...each, runs: each.runs.slice(0, 1) }]),
      'digests of small outputs': forged(tensors(({ data: _, ...rest }) => rest)),
      'digests of another shape': forged(
        tensors(({ data: _, ...rest }) => ({ ...rest, shape: [999] })),
      ),
      'no base64': forged(tensors((tensor) => ({ ...tensor, data: '!' }))),
      'one case for all': forged((each) =>
        each.address === report.outputs.find(({ check }) => check === each.check)?.address
          ? [each, each, each]
          : [],
      ),
      'another order of the cases': rejudge(
        { ...report, outputs: [...report.outputs].reverse() },
        FEW,
      ),
      'the first half of the cases': forged((each) =>
        report.outputs.filter(({ check }) => check === each.check).indexOf(each) < 15 ? [each] : [],
      ),
    })) {
      const told = [...found.changes, ...found.unconfirmed];
      const passed = report.checks.filter(({ verdict }) => verdict === 'pass').length;
      expect([name, found.agrees, told.length]).toEqual([name, false, passed]);
    }
  });

  it('is not believed in what follows from its checks', async () => {
    const bad = await reportOf(faulty('one element with its sign flipped').open);
    expect(bad.ok).toBe(false);
    const counts = { ...bad.counts, fail: 0, pass: 99 };
    const told: string[] = [];
    const forged = JSON.stringify({ ...JSON.parse(writeReport(bad)), ok: true, counts });
    const read = readReport(forged, 'x.json', (sentence) => told.push(sentence));
    expect([read.ok, read.counts]).toEqual([false, bad.counts]);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^x.json says 99 pass, 0 fail, .* ok, valid; its checks come to /);
    const beyond = bad.checks.map((check) =>
      check.verdict === 'fail'
        ? { ...check, verdict: 'unsupported' as const, beyondContract: true as const }
        : check,
    );
    expect(rejudge({ ...bad, checks: beyond }, FEW).changes.join()).toMatch(
      /is called beyond the contract, and is not/,
    );
  });

  it.each<[string, (check: CheckReport) => Partial<CheckReport>]>([
    ['cases', ({ cases }) => ({ cases: cases + 10 })],
    ['fewer cases', () => ({ cases: 3 })],
    ['elements', ({ elements }) => ({ elements: elements * 2 })],
    ['what could not be judged', () => ({ undecided: 1 })],
    ['clauses', () => ({ clauses: ['contract.errors'] })],
    ['levels', () => ({ level: 4 as const })],
  ])('is not believed where its checks have other %s', async (_, change) => {
    const report = await reportOf(legal.open);
    const checks = report.checks.map((check) => ({ ...check, ...change(check) }));
    expect(rejudge({ ...report, checks }, FEW).agrees).toBe(false);
  });

  it.each(['fail', 'vacuous', 'unsupported', 'not-run', 'blocked'] as const)(
    'is not believed where a check that did not pass is called passed (%s)',
    async (verdict) => {
      const report = await reportOf(faulty('one element with its sign flipped').open);
      const checks = report.checks.map((check) =>
        check.verdict === 'pass' ? { ...check, verdict } : { ...check, verdict: 'pass' as const },
      );
      expect(report.counts.fail).toBeGreaterThan(0);
      expect(rejudge({ ...report, checks }, FEW).agrees).toBe(false);
    },
  );

  it.each([
    'shape=[60000,60000]',
    'shape=[1e999]',
    'shape=[-5e9]',
    'size=3',
    'shape="x"',
    'draw=[]',
  ])('is refused before a case is made of an address with %s', async (part) => {
    const report = await reportOf(legal.open);
    const address = `primitive/neg:${part};regime="ties"`;
    const at = report.outputs.findIndex(({ check }) => check === 'primitive/neg');
    const outputs = report.outputs.map((each, i) => (i === at ? { ...each, address } : each));
    expect(rejudge({ ...report, outputs }, FEW)).toMatchObject({
      agrees: false,
      unconfirmed: [expect.stringContaining(`does not draw ${address}`)],
    });
    const family = FEW.find(({ id }) => id === 'primitive/neg')?.family;
    if (family === undefined) throw new Error('it is gone');
    const judged = judgeCase(
      backendSubject(legal.open()),
      family,
      parseAddress(address).parameters,
    );
    await expect(judged).rejects.toThrow(/these parameters make no case: /);
  });

  it('is judged again on the data of its contract, which f16 can hold', async () => {
    const arithmetic = float32({ summation: 'sequential' });
    const report = await reportOf(() => float32Backend('f32', arithmetic, {}, 'f16-products-wgsl'));
    const { verdict, undecided } = report.checks.find(({ id }) => id === 'primitive/matmul') ?? {};
    expect([verdict, undecided]).toEqual(['pass', 0]);
    expect(rejudge(report, FEW).changes).toEqual([]);
  });

  function changed(data: string | undefined): string | undefined {
    if (data === undefined || data === '') return data;
    const bytes = Buffer.from(data, 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return bytes.toString('base64');
  }
});

describe('two reports', () => {
  it('differ in what got worse', async () => {
    const [old, recent] = [
      await reportOf(legal.open),
      await reportOf(faulty('b of a square product not transposed').open),
    ];
    const changes = compareReports(old, recent);
    expect(changes.find(({ id }) => id === 'primitive/matmul')).toMatchObject({
      what: 'pass -> fail',
      effect: 'worse',
      clauses: ['op.matmul'],
    });
    expect(compareReports(recent, old).find(({ id }) => id === 'primitive/matmul')).toMatchObject({
      what: 'fail -> pass',
      effect: 'better',
    });
    expect(compareReports(old, old)).toEqual([]);
  });

  it('tell nothing of what one of them left out', async () => {
    const whole = await reportOf(legal.open);
    const part = await runChecks(backendSubject(legal.open()), {
      checks: FEW,
      filter: 'primitive/add',
    });
    const found = compareReports(whole, part).filter(({ id }) => id !== 'primitive/add');
    expect(found.length).toBe(FEW.length - 1);
    expect(new Set(found.map(({ effect }) => effect))).toEqual(new Set(['neither']));
    expect(found[0]?.what).toBe('pass -> left out');
    expect(compareReports(part, whole).map(({ effect }) => effect)).not.toContain('worse');
    const bad = await reportOf(faulty('b of a square product not transposed').open);
    const later = compareReports(part, bad).find(({ id }) => id === 'primitive/matmul');
    expect(later).toMatchObject({ what: 'left out -> fail', effect: 'worse' });
  });
});

describe('JUnit and Markdown', () => {
  it('hold nothing that could end them', async () => {
    const report: ConformanceReport = {
      ...(await reportOf(faulty('b of a square product not transposed').open)),
      subject: { ...legal.open().info, name: '<a href="x">|`\n', device: '</script>\u0000' },
    };
    const xml = junit(report);
    expect(xml).not.toContain('<a href');
    expect(xml).not.toContain('\u0000');
    expect(xml).toContain('failures="1"');
    expect(markdown(report)).not.toContain('</script>');
    expect(sarif(report, 'a b.py')).not.toContain('\u0000');
    expect(badgeSvg(report)).not.toContain('<a href');
  });

  it('print the one line that replays, as every form of a report does', async () => {
    const made = await reportOf(faulty('b of a square product not transposed').open);
    const report = { ...made, command: "lacuna conform --port 'python3 -m mine'" };
    const { address } = report.checks.find(({ failure }) => failure)?.failure ?? {};
    const line = `replay: ${report.command} --replay '${address}'`;
    expect(address).toMatch(/^primitive\/matmul:/);
    expect(markdown(report).split('\n')).toContain(line);
    expect(formatReport(report).split('\n')).toContain(`  ${line}`);
    expect(unescapeXml(junit(report))).toContain(`\n${line}</failure>`);
    const log = JSON.parse(sarif(report, 'src/port.py'));
    const [result] = log.runs[0].results;
    expect([result.ruleId, result.level]).toEqual(['op.matmul', 'error']);
    expect(result.message.text.split('\n').at(-1)).toBe(line);
    expect(result.locations[0].physicalLocation.artifactLocation.uri).toBe('src/port.py');
    expect(annotations(report)).toMatch(/^::error title=primitive\/matmul::out of bounds, /);
    expect(annotations(report)).toContain(`%0A${line.replaceAll('%', '%25')}\n`);
    expect(badgeOf(report)).toEqual({
      label: 'lacuna 1.0',
      message: '4 of 5 checks',
      color: 'red',
    });
  });

  it('count as failures what fails the run, and say of the rest why it does not', async () => {
    const made = await reportOf(faulty('b of a square product not transposed').open);
    const [pass, fail] = ['pass', 'fail'].map((verdict) =>
      made.checks.find((check) => check.verdict === verdict),
    );
    if (pass === undefined || fail === undefined) throw new Error('the fault is gone');
    const base = { ...pass, verdict: 'blocked', reason: 'it stands on x, which failed' } as const;
    const blocked = { ...base, id: 'primitive/blocked' };
    const optional = { ...fail, id: 'optional', clauses: ['op.tanh.subnormal'] };
    const lost = { ...base, id: 'lost', verdict: 'not-run', reason: 'the port is lost' } as const;
    const xml = junit(makeReport({ ...made, checks: [pass, fail, blocked, optional] }));
    expect(xml).toContain('failures="1" errors="0" skipped="2"');
    expect(xml).toContain('<skipped message="blocked: it stands on x, which failed"/>');
    expect(xml).toContain('<skipped message="fail, of a clause that SHOULD hold: ');
    // Nothing failed, and not all was run: that must not look green.
    const half = junit(makeReport({ ...made, checks: [pass, lost] }));
    expect(half).toContain('failures="0" errors="1" skipped="1"');
    expect(half).toContain('<skipped message="not run: the port is lost"/>');
  });

  function unescapeXml(text: string): string {
    return text.replaceAll('&quot;', '"').replaceAll('&amp;', '&');
  }
});

describe('known failures', () => {
  const known = (until: string, kind = 'known-failing'): string =>
    JSON.stringify([{ check: 'primitive/matmul', kind, reason: 'reason enough', until }]);
  const ids = FEW.map(({ id }) => id);
  const check = async (open: typeof legal.open, text: string): Promise<ConformanceReport> =>
    runChecks(backendSubject(open()), {
      checks: FEW,
      known: parseKnown(text, ids, 'known.json'),
      today: '2026-06-01',
    });

  it('are accepted until their day, and stay in the count', async () => {
    const report = await check(
      faulty('b of a square product not transposed').open,
      known('2026-12-31'),
    );
    expect([report.ok, report.counts.fail]).toEqual([true, 1]);
    expect(
      (await check(faulty('b of a square product not transposed').open, known('2026-01-01'))).ok,
    ).toBe(false);
  });

  it('fail the run once they pass, unless they are flaky', async () => {
    expect((await check(legal.open, known('2026-12-31'))).ok).toBe(false);
    expect((await check(legal.open, known('2026-12-31', 'known-flaky'))).ok).toBe(true);
  });

  it('must name a check, a reason and a day', () => {
    expect(() => parseKnown('[{"check":"primitive/matmul"}]', ids, 'k')).toThrow('known failures');
    const unknown = known('2026-12-31').replace('primitive/matmul', 'primitive/sine');
    expect(() => parseKnown(unknown, ids, 'k')).toThrow('no check has this id; got primitive/sine');
  });
});

describe('canaries', () => {
  it('are judged as they must be on a legal backend', async () => {
    const canaries = await runCanaries(backendSubject(legal.open()), CHECKS);
    expect(canaries.length).toBeGreaterThanOrEqual(12);
    expect(canaries.filter(({ behaved }) => !behaved)).toEqual([]);
    expect(new Set(canaries.map(({ mustFail }) => mustFail)).size).toBe(2);
  });

  it('find a judge that accepts everything, and one that refuses everything', async () => {
    const subject = backendSubject(legal.open());
    const blind = await runCanaries(subject, CHECKS, () => ({ elements: 1, undecided: 0 }));
    expect(blind.some(({ behaved }) => !behaved)).toBe(true);
    const strict = await runCanaries(subject, CHECKS, () => ({
      elements: 1,
      undecided: 0,
      mismatch: 'no',
    }));
    expect(strict.some(({ behaved }) => !behaved)).toBe(true);
  });
});
