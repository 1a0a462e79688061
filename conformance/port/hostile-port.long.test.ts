import { describe, expect, it } from 'vitest';
import { checksFor } from '../checks.js';
import { runChecks } from '../run-checks.js';
import { openPort } from './port-subject.js';
import { hostilePort } from './testing/hostile-port.js';

describe('a port that runs programs', () => {
  it('and hangs at each has one deadline, then short ones, and no more than five', async () => {
    const port = await openPort(hostilePort('hangs at every program'), { deadline: 4 });
    const start = performance.now();
    try {
      const checks = checksFor(port).filter(({ id }) => /^primitive\/[a-z]+$/.test(id));
      const report = await runChecks(port, { cases: 2, checks, block: false });
      expect(report.counts.fail).toBe(5);
      expect(report.checks.at(-1)?.reason).toMatch(/^the port missed 5 deadlines/);
      expect(report.ok).toBe(false);
      expect(performance.now() - start).toBeLessThan(16_000);
    } finally {
      await port.close();
    }
  });
});
