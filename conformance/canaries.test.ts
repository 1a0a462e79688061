import { describe, expect, it } from 'vitest';
import type { HostTensor, Named } from '../core/backend.js';
import { runCanaries } from './canaries.js';
import { CHECKS, checksFor } from './checks.js';
import { LEGAL_FLEET } from './fleet/legal.js';
import { literalPort } from './fleet/literal/port.js';
import { formatReport } from './report/report.js';
import { runChecks } from './run-checks.js';
import { backendSubject, type Subject } from './subject.js';

const [legal] = LEGAL_FLEET as readonly [(typeof LEGAL_FLEET)[number]];

type Wrong = (outputs: Named<HostTensor>, first: Named<HostTensor>) => Named<HostTensor>;

/** A subject that is right in its first ten runs. */
function wrongFromTheEleventh(subject: Subject, wrong: Wrong): Subject {
  let runs = 0;
  let first: Named<HostTensor> = {};
  const open: Subject['open'] = async (drawn) => {
    const opened = await subject.open(drawn);
    if (typeof opened === 'string') return opened;
    return {
      ...opened,
      run: async (inputs) => {
        const outputs = await opened.run(inputs);
        if (runs++ === 0) first = outputs;
        return runs > 10 ? wrong(outputs, first) : outputs;
      },
    };
  };
  return { ...subject, open };
}

function filled(value: number): Wrong {
  return (outputs) =>
    Object.fromEntries(
      Object.entries(outputs).map(([name, { dtype, shape, data }]) => [
        name,
        { dtype, shape, data: data.slice().fill(value) },
      ]),
    );
}

const WRONGS: Readonly<Record<string, Wrong>> = {
  zeros: filled(0),
  'its first result': (_, first) => first,
};

/** A subject that refuses its first cases, or gives NaN in them. */
function amissAtFirst(cases: number, how: 'refuses' | 'fails'): Subject {
  const subject = backendSubject(legal.open());
  const amiss = filled(Number.NaN);
  let begun = 0;
  const open: Subject['open'] = async (drawn) => {
    if (how === 'refuses') return begun++ < cases ? 'not yet' : subject.open(drawn);
    const opened = await subject.open(drawn);
    if (typeof opened === 'string') return opened;
    let isAmiss: boolean | undefined;
    return {
      ...opened,
      run: async (inputs) => {
        const outputs = await opened.run(inputs);
        // Of a case without elements nothing can be wrong.
        if (Object.values(outputs).every(({ data }) => data.length === 0)) return outputs;
        isAmiss ??= begun++ < cases;
        return isAmiss ? amiss(outputs, outputs) : outputs;
      },
    };
  };
  return { ...subject, open };
}

describe('canaries are made of what a subject passes', () => {
  const checks = CHECKS.filter(({ id }) => id === 'primitive/mul');

  it.each(['refuses', 'fails'] as const)('after two cases that it %s', async (how) => {
    const canaries = await runCanaries(amissAtFirst(2, how), checks);
    expect(canaries.length).toBeGreaterThan(0);
    expect(canaries.filter(({ behaved }) => !behaved)).toEqual([]);
  });

  it.each(['refuses', 'fails'] as const)('and not after three that it %s', async (how) => {
    expect(await runCanaries(amissAtFirst(3, how), checks)).toEqual([]);
  });

  it('and the report says where there are none', async () => {
    const options = { checks, block: false, cases: 3 };
    const wrong = await runChecks(amissAtFirst(1000, 'fails'), options);
    expect([wrong.canaries, wrong.valid, wrong.ok]).toEqual([[], true, false]);
    expect(formatReport(wrong)).toContain('elements judged; no canaries were made');
    const right = await runChecks(amissAtFirst(0, 'fails'), options);
    expect(formatReport(right)).toMatch(/; (\d+) of \1 canaries as they must be/);
  });
});

describe('a subject that is wrong from its eleventh run on is to blame itself', () => {
  it.each(Object.entries(WRONGS))('a backend that gives %s', async (_, wrong) => {
    const checks = CHECKS.filter(({ id }) =>
      /^(primitive\/(mul|matmul)|composite\/softmax)$/.test(id),
    );
    const subject = wrongFromTheEleventh(backendSubject(legal.open()), wrong);
    const report = await runChecks(subject, { checks, block: false });
    expect(report.canaries.filter(({ behaved }) => !behaved)).toEqual([]);
    expect([report.valid, report.ok, report.counts.fail > 0]).toEqual([true, false, true]);
  });

  it.each(Object.entries(WRONGS))('a port that gives %s', async (_, wrong) => {
    const subject = wrongFromTheEleventh(literalPort('each'), wrong);
    const checks = checksFor(subject).filter(({ id }) =>
      /^function\/(loss|optim|mask|random)/.test(id),
    );
    const report = await runChecks(subject, { checks, block: false, cases: 10 });
    expect(report.canaries.filter(({ behaved }) => !behaved)).toEqual([]);
    expect([report.valid, report.ok, report.counts.fail > 0]).toEqual([true, false, true]);
  });
});
