import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { formatReport } from '../report/index.js';
import { runChecks } from '../run-checks.js';
import { openPort, type Port } from './port-subject.js';
import { type Break, brokenClauses, judgeBroken } from './testing/broken-port.js';
import { PYTHON_PORTS } from './testing/python-ports.js';

const { command, folder, missing } = PYTHON_PORTS.numpy;
const here = capable('numpy-port', missing());

/** A few cases of every function; `numpy-port.long.test.ts` has more, and programs. */
describe.skipIf(!here)('the NumPy port', () => {
  let port: Port;
  beforeAll(async () => {
    port = await openPort(command, { folder });
  });
  afterAll(() => port.close());

  it('passes every function', async () => {
    const report = await runChecks(port, { filter: 'function/', cases: 4 });
    expect(report.ok, formatReport(report)).toBe(true);
    expect(report.canaries.length).toBeGreaterThan(0);
  });
});

/** Of functions that hardly anything stands on: each is judged by its own checks alone. */
const BREAKS_APART: readonly (readonly [...Break, ids: RegExp])[] = [
  [
    'one mask for all slots',
    'masks',
    '[drawn(visible, places, stream) for _',
    '[drawn(visible, places, stream_of(VIDEO_MASK, at)) for _',
    ['mask.random_per_slot'],
    /^function\/mask\.random_per_slot/,
  ],
  [
    'negative places cut towards zero',
    'flow_warped',
    'left, top = to_x // 32, to_y // 32',
    'left, top = np.trunc(to_x / 32).astype(int), np.trunc(to_y / 32).astype(int)',
    ['mask.flow_warped'],
    /^function\/mask\.flow_warped/,
  ],
  [
    'halves downwards',
    'crops',
    '(2 * total + area) // (2 * area)',
    '-((area - 2 * total) // (2 * area))',
    ['map.crop'],
    /^function\/map\.crop/,
  ],
  [
    'the warm-up left out of the fall',
    'schedules',
    '(total - warmup)',
    'total',
    ['optim.rate'],
    /^function\/optim\.rate/,
  ],
  [
    'updates counted from 0',
    'schedules',
    'power(at["beta"], t)',
    'power(at["beta"], t - 1)',
    ['optim.correction'],
    /^function\/optim\.correction/,
  ],
  [
    'the token after the last',
    'towers',
    'lengths - 1]',
    'lengths % ids.shape[1]]',
    ['model.text_causal'],
    /^function\/model\.text_causal/,
  ],
  [
    'the biased variance kept',
    'heads',
    'variance * real(batch / (batch - 1))',
    'variance',
    ['model.projection'],
    /^function\/model\.projection/,
  ],
  [
    'factors half as far from 1',
    'augmentations',
    'sign * m * 0.9',
    'sign * m * 0.45',
    ['finetuning.rand_augment'],
    /^function\/augment/,
  ],
  [
    'augmentations where stand-ins draw',
    'augmentations',
    '+ 4096 * repeat',
    '+ repeat',
    ['finetuning.repeats'],
    /^function\/augment/,
  ],
  [
    'a box on its side',
    'augmentations',
    'return [top, top + height, left, left + width]',
    'return [left, left + width, top, top + height]',
    ['finetuning.erasing'],
    /^function\/erase/,
  ],
];

describe.skipIf(!here)('one line of the port broken', () => {
  it.each(BREAKS_APART)(
    '%s is caught, by its clause',
    async (_, file, line, broken, clauses, ids) => {
      const report = await judgeBroken(file, line, broken, { ids, cases: 12 });
      expect(brokenClauses(report), formatReport(report)).toEqual(clauses);
    },
  );
});
