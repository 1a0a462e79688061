import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CHECKS, LEGAL_FLEET, runChecks } from '../../conformance/index.js';
import { backendSubject } from '../../conformance/subject.js';
import { type Ended, lacunaSync } from '../testing/lacuna.js';
import { visibleText } from '../visible-text.js';
import { EXIT } from './options.js';
import { conformancePage } from './page.js';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-conform-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A report, as far as these tests change it. */
interface Forged {
  readonly outputs: readonly unknown[];
  readonly counts: Readonly<Record<string, number>>;
  readonly checks: readonly { readonly id: string; readonly verdict: string }[];
}

const conform = (...flags: readonly string[]): Ended => lacunaSync('conform', ...flags);

describe('lacuna conform', () => {
  it('passes a backend, writes its reports, and judges and compares them again', () => {
    const out = join(folder, 'onnx');
    const run = conform('--filter', 'primitive/not', '--cases', '5', '--out', out);
    expect([run.code, run.stderr]).toEqual([EXIT.passed, expect.anything()]);
    expect(run.stdout).toContain('1 passed, 0 failed');
    const report = join(out, 'report.json');
    expect(readFileSync(join(out, 'junit.xml'), 'utf8')).toContain('<testsuite');
    expect(readFileSync(join(out, 'conformance.html'), 'utf8')).toContain('op.not');
    expect(conform('--judge', report)).toMatchObject({ code: EXIT.passed });
    expect(JSON.parse(readFileSync(join(out, 'badge.json'), 'utf8')).color).toBe('brightgreen');
    expect(JSON.parse(readFileSync(join(out, 'results.sarif'), 'utf8')).runs[0].results).toEqual(
      [],
    );
    expect(conform('--compare', report, report).stdout).toContain('0 checks changed');
    const told: unknown = JSON.parse(conform('--compare', report, report, '--json').stdout);
    expect(told).toEqual({ sameSuite: true, changes: [] });
  });

  it('believes no report what it does not show, unless a person accepts that', () => {
    const honest: Forged = JSON.parse(readFileSync(join(folder, 'onnx', 'report.json'), 'utf8'));
    const judged = (change: (report: Forged) => Forged, ...flags: readonly string[]): Ended => {
      const file = join(folder, 'forged.json');
      writeFileSync(file, JSON.stringify(change(honest)));
      return conform('--judge', file, ...flags);
    };
    const emptied = judged((report) => ({ ...report, outputs: [] }), '--accept-unrecorded');
    expect([emptied.code, emptied.stdout]).toEqual([
      EXIT.failed,
      expect.stringContaining('primitive/not is not confirmed'),
    ]);
    const fewer = judged(({ checks, ...rest }) => ({ ...rest, checks: checks.slice(1) }));
    expect([fewer.code, fewer.stdout]).toEqual([
      EXIT.failed,
      expect.stringContaining('has not the checks of this version'),
    ]);
    const claims = ({ checks, counts, ...rest }: Forged): Forged => ({
      ...rest,
      counts: { ...counts, pass: 2, 'not-run': (counts['not-run'] ?? 0) - 1 },
      checks: checks.map((check) =>
        check.id === 'law/types' ? { ...check, verdict: 'pass' } : check,
      ),
    });
    const unseen = judged(claims);
    expect([unseen.code, unseen.stdout]).toEqual([
      EXIT.failed,
      expect.stringMatching(/Not confirmed: 1 checks .*\n {2}law\/types\n.*--accept-unrecorded/s),
    ]);
    const accepted = judged(claims, '--accept-unrecorded');
    expect([accepted.code, accepted.stdout]).toEqual([
      EXIT.passed,
      expect.stringContaining('Accepted unseen: 1 checks'),
    ]);
    expect(conform('--accept-unrecorded').code).toBe(EXIT.usage);
  }, 120_000);

  it('replays a case from its address, and says what is wrong with one that is none', () => {
    const good = conform('--replay', 'primitive/not:shape=[3];regime="ties";draw=1');
    expect([good.code, good.stdout]).toEqual([
      EXIT.passed,
      expect.stringContaining('PASS primitive/not'),
    ]);
    const told = conform('--replay', 'primitive/not:shape=[3];regime="ties";draw=1', '--json');
    expect(JSON.parse(told.stdout)).toMatchObject({ id: 'primitive/not', verdict: 'pass' });
    const unknown = conform('--replay', 'primitive/sine:x=1');
    expect([unknown.code, unknown.stderr]).toEqual([
      EXIT.usage,
      expect.stringContaining('primitive/sine'),
    ]);
    const nonsense = conform('--replay', 'primitive/not:x=1');
    expect([nonsense.code, nonsense.stderr]).toEqual([
      EXIT.usage,
      expect.stringContaining('make no case'),
    ]);
  });

  it('tells a backend that is not here, a wrong command line and a broken port apart', () => {
    expect(conform('--backend', 'onnx', '--device', 'cuda').code).toBe(EXIT.notRun);
    expect(conform('--backend', 'abacus')).toMatchObject({ code: EXIT.usage });
    expect(conform('--level', '9').code).toBe(EXIT.usage);
    expect(conform('--filter', 'primitive/sine').code).toBe(EXIT.usage);
    expect(conform('--judge', join(folder, 'none.json')).code).toBe(EXIT.usage);
    writeFileSync(join(folder, 'bad.json'), '{"format": "lacuna-conformance/1"}');
    expect(conform('--judge', join(folder, 'bad.json')).stderr).toContain('no conformance report');
    expect(conform('--port', `${process.execPath} --version`).code).toBe(EXIT.invalid);
  });
});

describe('a port that fails', () => {
  const port = join(
    import.meta.dirname,
    '..',
    '..',
    'conformance',
    'port',
    'testing',
    'hostile-port.mjs',
  );
  const command = (scenario: string): string => `"${process.execPath}" "${port}" '${scenario}'`;

  it('is named with the line that replays it and the file of its program, and judged so again', () => {
    const out = join(folder, 'port');
    const flags = ['--port', command('fails to compile a program')];
    const run = conform(
      ...flags,
      '--filter',
      'primitive/neg',
      '--cases',
      '3',
      '--out',
      out,
      '--at',
      'a.py',
    );
    expect([run.code, run.stdout]).toEqual([
      EXIT.failed,
      expect.stringContaining('no compiler here'),
    ]);
    expect(run.stderr).not.toContain('defect');
    const [, again] = /replay: lacuna conform .* --replay '(.*)'/.exec(run.stdout) ?? [];
    expect(again).toMatch(/^primitive\/neg:/);
    const program = join(out, 'failed', 'primitive-neg.txt');
    expect(run.stdout).toContain(`program: ${program}`);
    expect(readFileSync(program, 'utf8')).toMatch(/^lacuna program 1\n[\s\S]*\nend\n$/);
    for (const file of ['junit.xml', 'results.sarif', 'summary.md', 'annotations.txt']) {
      expect(readFileSync(join(out, file), 'utf8'), file).toContain('--replay');
    }
    expect(conform(...flags, '--replay', `${again}`).code).toBe(EXIT.failed);
    expect(conform('--judge', join(out, 'report.json')).code).toBe(EXIT.failed);
  });

  it.each(['escapes in its name', 'escapes in an error'])(
    'writes no control character: %s',
    (scenario) => {
      const out = join(folder, scenario.replaceAll(' ', '-'));
      const run = conform(
        '--port',
        command(scenario),
        '--filter',
        'function/loss.mae',
        '--out',
        out,
      );
      const written = [
        'report.json',
        'junit.xml',
        'results.sarif',
        'summary.md',
        'annotations.txt',
      ];
      const texts = [
        run.stdout,
        run.stderr,
        ...written.map((name) => readFileSync(join(out, name), 'utf8')),
      ];
      for (const text of texts) expect(visibleText(text)).toBe(text);
      expect(run.stdout).toContain('\\u{1b}');
    },
  );
});

describe('the page', () => {
  it('escapes what a report may hold', async () => {
    const [member] = LEGAL_FLEET;
    if (member === undefined) throw new Error('the fleet is empty');
    const checks = CHECKS.filter(({ id }) => id === 'primitive/not');
    const report = await runChecks(backendSubject(member.open()), { checks });
    const subject = { ...report.subject, name: '<script>alert(1)</script>', device: '"><img>' };
    const page = conformancePage([{ ...report, subject }]);
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<img>');
    expect(page).toContain("default-src 'none'");
  });
});
