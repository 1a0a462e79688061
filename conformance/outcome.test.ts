import { describe, expect, it } from 'vitest';
import { LEGAL_FLEET } from './fleet/legal.js';
import { judgeOutcome, outcomeCheck } from './outcome.js';
import { backendSubject } from './subject.js';

const among64 = (hits: number): { hits: number; queries: number; gallery: number } => ({
  hits,
  queries: 64,
  gallery: 64,
});

describe('the outcome of a demo run', () => {
  it('passes where it learned and the control did not', () => {
    const outcome = { trained: among64(8), shuffled: among64(1) };
    expect(judgeOutcome(outcome).verdict).toBe('pass');
  });

  it('fails where guessing does as well, or the control learned too', () => {
    const lucky = judgeOutcome({ trained: among64(3), shuffled: among64(0) });
    expect(lucky.failure?.what).toContain('did not learn');
    const leaking = judgeOutcome({ trained: among64(30), shuffled: among64(12) });
    expect(leaking.failure?.what).toContain('something leaks');
  });

  it('is not run, and says how, without a way to train', async () => {
    const [member] = LEGAL_FLEET;
    if (member === undefined) throw new Error('the fleet is empty');
    const subject = backendSubject(member.open());
    const finding = await outcomeCheck().run(subject, {});
    expect(finding).toMatchObject({ verdict: 'not-run' });
    const train = async (): Promise<{
      trained: ReturnType<typeof among64>;
      shuffled: ReturnType<typeof among64>;
    }> => ({
      trained: among64(20),
      shuffled: among64(2),
    });
    expect((await outcomeCheck(train).run(subject, {})).verdict).toBe('pass');
  });
});
