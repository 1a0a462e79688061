import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { checksFor } from '../checks.js';
import { formatReport } from '../report/index.js';
import { runChecks } from '../run-checks.js';
import { openPort, type Port } from './port-subject.js';
import { type Break, brokenClauses, judgeBroken } from './testing/broken-port.js';
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

describe.skipIf(!here)('one line of the port broken', () => {
  it.each(BREAKS)('%s is caught, by its clause', async (_, file, line, broken, clauses) => {
    // Steps of MAC and TGM take the longest, and have the functions of their parts.
    const ids = /^function\/(?!step\.)/;
    const report = await judgeBroken(file, line, broken, { ids, cases: 6 });
    expect(brokenClauses(report), formatReport(report)).toEqual([...clauses].sort());
    expect(report.ok).toBe(false);
    expect(report.valid).toBe(true);
  });
});
