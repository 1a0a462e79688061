import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { checksFor } from '../checks.js';
import { formatReport } from '../report/index.js';
import { runChecks } from '../run-checks.js';
import { openPort, type Port } from './port-subject.js';
import { missingRust, RUST_PORT } from './testing/rust.js';

const here = capable('rust-port', missingRust());

describe.skipIf(!here)('the Rust port', () => {
  let port: Port;
  beforeAll(async () => {
    port = await openPort(`"${RUST_PORT}"`);
  });
  afterAll(() => port.close());

  it('passes every function that it has; the others are unsupported, and nothing else', async () => {
    const report = await runChecks(port, { filter: 'function/', cases: 6 });
    expect(report.valid, formatReport(report)).toBe(true);
    const own = ({ id }: { readonly id: string }): boolean =>
      port.functions.some((name) => `${id}/`.startsWith(`function/${name}/`));
    const wrong = report.checks.filter(
      (check) =>
        check.verdict !== 'not-run' && check.verdict !== (own(check) ? 'pass' : 'unsupported'),
    );
    expect(wrong, formatReport(report)).toEqual([]);
    expect(report.counts.pass).toBeGreaterThanOrEqual(port.functions.length);
    expect(report.canaries.length).toBeGreaterThan(0);
  });

  it('runs programs of every primitive', async () => {
    const checks = checksFor(port).filter(({ id }) => id.startsWith('primitive/'));
    const report = await runChecks(port, { checks, cases: 2 });
    const wrong = report.checks.filter(({ verdict }) => !/pass|vacuous/.test(verdict));
    expect(wrong, formatReport(report)).toEqual([]);
    expect(report.counts.pass).toBeGreaterThan(checks.length - 5);
  });
});

const TENSOR = { name: 'x', dtype: 'f32', shape: [2], bytes: 8 };
const line = (message: object): string => `${JSON.stringify(message)}\n`;

describe.skipIf(!here)('the Rust port, sent what is no request,', () => {
  it.each<[string, string, RegExp]>([
    ['broken JSON', '{"type":"hello",\n', /"\{\\"type\\":\\"hello\\"," is no request/],
    ['another type', line({ type: 'sing' }), /unknown variant `sing`/],
    ['a field too many', line({ type: 'bye', id: 1 }), /unknown field `id`/],
    ['another protocol', line({ type: 'hello', protocol: 2, spec: '2' }), /speaks protocol 2/],
    ['half a line', '{"type":', /stdin ends after 8 bytes of a line/],
    ['a line without end', 'x'.repeat(2 ** 20 + 1), /a line has more than 1048576 bytes/],
    [
      'a frame of another length',
      line({ type: 'echo', id: 1, tensors: [{ ...TENSOR, bytes: 9 }] }),
      /the frame of "x" has 9 bytes, but F32\[2\] has 8 bytes/,
    ],
    [
      'extents whose product overflows',
      line({ type: 'echo', id: 1, tensors: [{ ...TENSOR, shape: [2 ** 40, 2 ** 40], bytes: 0 }] }),
      /has too many bytes/,
    ],
    [
      'frames that are too long together',
      line({
        type: 'echo',
        id: 1,
        tensors: Array(2).fill({ ...TENSOR, shape: [2 ** 26], bytes: 2 ** 28 }),
      }),
      /have 536870912 bytes, more than 268435456/,
    ],
    [
      'half a frame',
      `${line({ type: 'echo', id: 1, tensors: [TENSOR] })}1234`,
      /stdin ends after 4 of 8 bytes of a frame/,
    ],
  ])('%s, ends with one sentence and exit code 1', (_, input, sentence) => {
    const { status, stdout, stderr } = spawnSync(RUST_PORT, { input, encoding: 'utf8' });
    expect(stderr).toMatch(sentence);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect([status, stdout]).toEqual([1, '']);
  });

  it('a call or a program that is wrong in itself, answers with an error and goes on', () => {
    const text =
      'lacuna program 1\nname x\n%iota = iota {axis=0, shape=[99999999999]} : i32[9]\nend\n';
    const late = text.replace('end', 'input %x : f32[] data\nend');
    const input = [
      line({ type: 'call', id: 1, function: 'loss.mae', attributes: {}, tensors: [] }),
      line({
        type: 'call',
        id: 2,
        function: 'state.start',
        attributes: { count: 1e15 },
        tensors: [],
      }),
      line({ type: 'compile', id: 3, program: 1, bytes: text.length }) + text,
      line({ type: 'run', id: 4, program: 1, tensors: [] }),
      line({ type: 'run', id: 5, program: 2, tensors: [] }),
      line({ type: 'compile', id: 6, program: 3, bytes: late.length }) + late,
      line({ type: 'bye' }),
    ].join('');
    const { status, stdout } = spawnSync(RUST_PORT, { input, encoding: 'utf8' });
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((answer): unknown => JSON.parse(answer));
    expect(answers).toMatchObject([
      { type: 'error', id: 1, message: 'the tensor prediction is missing' },
      { type: 'error', id: 2 },
      { type: 'result', id: 3 },
      { type: 'error', id: 4, message: expect.stringContaining('no natural up to 2^28') },
      { type: 'error', id: 5, message: 'there is no program 2' },
      { type: 'error', id: 6, message: expect.stringContaining('comes after an operation') },
    ]);
    expect(status).toBe(0);
  });
});
