import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { checksFor } from '../checks.js';
import { type ConformanceReport, formatReport } from '../report/index.js';
import { runChecks } from '../run-checks.js';
import { openPort, type Port } from './port-subject.js';
import { PYTHON_PORTS } from './testing/python-ports.js';

const { command: PORT_COMMAND, folder: PORT_FOLDER, missing } = PYTHON_PORTS.numpy;
const here = capable('numpy-port', missing());

describe.skipIf(!here)('the NumPy port', () => {
  let port: Port;
  beforeAll(async () => {
    port = await openPort(PORT_COMMAND, { folder: PORT_FOLDER });
  });
  afterAll(() => port.close());

  it('passes every function', async () => {
    const report = await runChecks(port, { filter: 'function/', cases: 8 });
    expect(report.ok, formatReport(report)).toBe(true);
    expect(report.canaries.length).toBeGreaterThan(0);
  });

  it('passes every function in float64, its results rounded once', async () => {
    const wide = await openPort(`${PORT_COMMAND} --wide`, { folder: PORT_FOLDER });
    try {
      const report = await runChecks(wide, { filter: 'function/', cases: 6 });
      expect(report.ok, formatReport(report)).toBe(true);
      expect(report.counts.unsupported).toBe(0);
    } finally {
      await wide.close();
    }
  });

  it('passes everything that programs are checked for', async () => {
    // What takes two thirds of the time is left to `lacuna conform --port`: trajectories, of steps the long ones, and of
    // real sizes all but some, whose tensors travel as text.
    const long =
      /^(function|trajectory|outcome|step\/deep\/gradients|real\/(?!matmul|scatter_add|softmax|layer_norm|state)|relation\/plans\/joint)/;
    const checks = checksFor(port).filter(({ id }) => !long.test(id));
    const report = await runChecks(port, { checks, cases: 4 });
    const wrong = report.checks.filter(({ verdict }) => !/pass|vacuous/.test(verdict));
    expect(wrong, formatReport(report)).toEqual([]);
    expect(report.counts.pass).toBeGreaterThan(checks.length - 5);
    expect(report.valid).toBe(true);
  });
});

/** A line of the port, what becomes of it, and the clauses that the report must name. */
type Break = readonly [
  what: string,
  file: string,
  line: string,
  broken: string,
  clauses: readonly string[],
];

const BREAKS: readonly Break[] = [
  ['a wrong round key', 'philox', '0xBB67AE85', '0xBB67AE84', ['random.philox']],
  ['a count rounded up', 'masks', 'math.floor(ratio', 'math.ceil(ratio', ['mask.count']],
  [
    'tokens in reverse',
    'masks',
    'np.flatnonzero(flags == 0), ',
    'np.flatnonzero(flags == 0)[::-1], ',
    ['mask.order'],
  ],
  [
    'the other items kept',
    'masks',
    'return order[:count]',
    'return order[items - count :]',
    ['mask.flow_warped', 'mask.text', 'mask.tube'],
  ],
  ['halves of words', 'masks', 'at["unit"] == "word" and ', 'False and ', ['mask.text.words']],
  [
    'space added to what time gave',
    'towers',
    'middle = x + over_space',
    'middle = x + over_time + over_space',
    ['model.space_time'],
  ],
  ['padding seen', 'towers', '< lengths[:, None]', '>= 0 * lengths[:, None]', ['model.text']],
  [
    'the last of equals first',
    'masks',
    'np.argsort(-row.astype("i8"), kind="stable")',
    'np.argsort(row.astype("i8"), kind="stable")[::-1]',
    ['mask.topk'],
  ],
  [
    'rows before slots',
    'pixels',
    '(0, 1, 3, 5, 2, 4, 6, 7)',
    '(0, 1, 3, 5, 2, 6, 4, 7)',
    ['patch.order'],
  ],
  ['the biased variance', 'pixels', 'float_type(count - 1)', 'float_type(count)', ['target.cube']],
  ['means of flat cubes', 'pixels', 'x = x - x[:, :, :1]', 'x = x', ['target.flat']],
  ['half a gradient', 'losses', 'dtype.type(2 / ', 'dtype.type(1 / ', ['loss.mae.gradient']],
  ['the sum of directions', 'losses', '(0.5 if', '(1 if', ['loss.infonce']],
  [
    'the gradient of columns not transposed',
    'losses',
    'rows + columns.T',
    'rows + columns',
    ['loss.infonce.gradient'],
  ],
  [
    'eps inside the root',
    'adamw',
    '(np.sqrt(v) * (real(1) / np.sqrt(c2)) + real(at["eps"]))',
    'np.sqrt(v / c2 + real(at["eps"]))',
    ['optim.adamw'],
  ],
  [
    'decay forgotten',
    'adamw',
    'real(at["decay"])',
    'real(0)',
    ['optim.adamw.decay', 'step.update'],
  ],
  ['attention scaled by the width', 'layers', 'width / heads', 'width', ['model.forward']],
  ['a term of the norm left out', 'layers', ' - hat * along', '', ['step.gradients']],
  ['decay of vectors', 'step', 'p.ndim > 1', 'p.ndim > 0', ['step.update']],
];

/** Of functions that hardly anything stands on: each is judged by itself. */
const BREAKS_APART: readonly (readonly [...Break, filter: string])[] = [
  [
    'one mask for all slots',
    'masks',
    '[drawn(visible, places, stream) for _',
    '[drawn(visible, places, stream_of(VIDEO_MASK, at)) for _',
    ['mask.random_per_slot'],
    'function/mask.random_per_slot',
  ],
  [
    'negative places cut towards zero',
    'flow_warped',
    'left, top = to_x // 32, to_y // 32',
    'left, top = np.trunc(to_x / 32).astype(int), np.trunc(to_y / 32).astype(int)',
    ['mask.flow_warped'],
    'function/mask.flow_warped',
  ],
  [
    'halves downwards',
    'crops',
    '(2 * total + area) // (2 * area)',
    '-((area - 2 * total) // (2 * area))',
    ['map.crop'],
    'function/map.crop',
  ],
  [
    'the warm-up left out of the fall',
    'schedules',
    '(total - warmup)',
    'total',
    ['optim.rate'],
    'function/optim.rate',
  ],
  [
    'updates counted from 0',
    'schedules',
    'power(at["beta"], t)',
    'power(at["beta"], t - 1)',
    ['optim.correction'],
    'function/optim.correction',
  ],
  [
    'the token after the last',
    'towers',
    'lengths - 1]',
    'lengths % ids.shape[1]]',
    ['model.text_causal'],
    'function/model.text_causal',
  ],
  [
    'the biased variance kept',
    'heads',
    'variance * real(batch / (batch - 1))',
    'variance',
    ['model.projection'],
    'function/model.projection',
  ],
  [
    'factors half as far from 1',
    'augmentations',
    'sign * m * 0.9',
    'sign * m * 0.45',
    ['finetuning.rand_augment'],
    'function/augment',
  ],
  [
    'augmentations where stand-ins draw',
    'augmentations',
    '+ 4096 * repeat',
    '+ repeat',
    ['finetuning.repeats'],
    'function/augment',
  ],
  [
    'a box on its side',
    'augmentations',
    'return [top, top + height, left, left + width]',
    'return [left, left + width, top, top + height]',
    ['finetuning.erasing'],
    'function/erase',
  ],
];

describe.skipIf(!here)('one line of the port broken', () => {
  it.each(BREAKS)('%s is caught, by its clause', async (_, file, line, broken, clauses) => {
    const report = await judgeBroken(file, line, broken);
    const failed = report.checks.filter(({ verdict }) => verdict === 'fail');
    const cited = new Set(failed.flatMap((check) => check.clauses));
    expect([...cited].sort(), formatReport(report)).toEqual([...clauses].sort());
    expect(report.ok).toBe(false);
    expect(report.valid).toBe(true);
  });

  it.each(BREAKS_APART)(
    '%s is caught, by its clause',
    async (_, file, line, broken, clauses, filter) => {
      const report = await judgeBroken(file, line, broken, filter);
      const failed = report.checks.filter(({ verdict }) => verdict === 'fail');
      expect([...new Set(failed.flatMap((check) => check.clauses))], formatReport(report)).toEqual(
        clauses,
      );
    },
  );
});

async function judgeBroken(
  file: string,
  line: string,
  broken: string,
  filter?: string,
): Promise<ConformanceReport> {
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-port-'));
  try {
    cpSync(join(PORT_FOLDER, 'lacuna_port'), join(folder, 'lacuna_port'), { recursive: true });
    const path = join(folder, 'lacuna_port', `${file}.py`);
    const text = readFileSync(path, 'utf8');
    expect(text.split(line).length, `the line is in ${file}.py once`).toBe(2);
    writeFileSync(path, text.replace(line, broken));
    const port = await openPort(PORT_COMMAND, { folder });
    try {
      if (filter !== undefined) {
        const checks = checksFor(port).filter(({ id }) => id.startsWith(filter));
        return await runChecks(port, { checks, cases: 12, verdictOnly: true });
      }
      // Steps of MAC and TGM take the longest, and have the functions above as their parts.
      const checks = checksFor(port).filter(({ id }) => /^function\/(?!step\.)/.test(id));
      return await runChecks(port, { checks, cases: 6, verdictOnly: true });
    } finally {
      await port.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
