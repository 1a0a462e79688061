import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { checksFor } from '../checks.js';
import { formatReport } from '../report/index.js';
import { runChecks } from '../run-checks.js';
import { openPort, type Port } from './port-subject.js';
import { PYTHON_PORTS } from './testing/python-ports.js';

const { command, folder, missing } = PYTHON_PORTS.torch;

/** A few cases of everything: `lacuna conform --port` has the whole, and takes minutes. */
describe.skipIf(!capable('torch-port', missing()))('the PyTorch port', () => {
  let port: Port;
  beforeAll(async () => {
    port = await openPort(command, { folder });
  });
  afterAll(() => port.close());

  it('passes every function', async () => {
    const report = await runChecks(port, { filter: 'function/', cases: 4 });
    expect(report.ok, formatReport(report)).toBe(true);
    expect(report.counts.unsupported).toBe(0);
    expect(report.subject.contract).toBe('f32-libm');
  });

  it('passes every primitive and composite', async () => {
    const checks = checksFor(port).filter(({ id }) =>
      /^(primitive|composite|objective)\//.test(id),
    );
    const report = await runChecks(port, { checks, cases: 2 });
    const wrong = report.checks.filter(({ verdict }) => !/pass|vacuous/.test(verdict));
    expect(wrong, formatReport(report)).toEqual([]);
    expect(report.counts.pass).toBeGreaterThan(checks.length - 5);
  });
});
