import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LacunaError } from '../spec/errors.js';
import { add } from '../spec/program/index.js';
import { buildCase } from './build-case.js';
import { family } from './case.js';
import { CHECKS } from './checks.js';
import { FAMILIES } from './families/index.js';
import { familyCheck } from './family-check.js';
import { FAULTY_FLEET } from './fleet/faulty.js';
import { LEGAL_FLEET } from './fleet/legal.js';
import { readReport, writeReport } from './report/file.js';
import { junit } from './report/junit.js';
import { explain, formatReport } from './report/report.js';
import { checkBackend, runChecks } from './run-checks.js';
import { backendSubject } from './subject.js';

const legal = (): ReturnType<(typeof LEGAL_FLEET)[number]['open']> => {
  const [member] = LEGAL_FLEET;
  if (member === undefined) throw new Error('the fleet is empty');
  return member.open();
};

describe('checkBackend', () => {
  it('counts what it did not run, in the denominator', async () => {
    const report = await checkBackend(legal(), { filter: 'primitive/not', cases: 3 });
    expect(report.counts).toMatchObject({ pass: 1, fail: 0 });
    expect(report.counts['not-run']).toBe(CHECKS.length - 1);
    expect(formatReport(report)).toContain(`${CHECKS.length - 1} not run`);
  });

  it('runs the checks of a clause alone', async () => {
    const report = await checkBackend(legal(), { clause: 'op.not', cases: 3 });
    const ran = report.checks.filter(({ verdict }) => verdict !== 'not-run');
    const held = CHECKS.filter(({ clauses }) => clauses.includes('op.not'));
    expect(ran.map(({ id }) => id)).toEqual(held.map(({ id }) => id));
    expect(ran.length).toBeGreaterThan(0);
    expect(report.accuracy).toEqual([]);
  });

  it('refuses what leaves nothing', async () => {
    for (const [asked, got] of [
      [{ filter: 'primitive/sine' }, 'id primitive/sine'],
      [{ clause: 'op.no' }, 'clause op.no'],
      [{ clause: 'op.not', level: 3 }, 'level 3, clause op.not'],
    ] as const) {
      await expect(checkBackend(legal(), asked)).rejects.toThrow(`got ${got}`);
    }
  });

  it('has no two families of one name', () => {
    const ids = CHECKS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('says where, what, by how much and how to see it again', async () => {
    const fault = FAULTY_FLEET.find(({ name }) => name === 'products in bf16');
    if (fault === undefined) throw new Error('the fault is gone');
    const { checks } = await checkBackend(fault.open(), { filter: 'primitive/matmul', seed: 5 });
    const failed = checks.find(({ verdict }) => verdict === 'fail');
    const message = failed === undefined ? '' : explain(failed, { seed: 5 });
    for (const part of [
      /^primitive\/matmul:batch=/,
      /at {3}result\[0,0\]/,
      /got {2}\S+/,
      /want \S+, legal from \S+ to \S+/,
      /times the bound of \S+/,
      /replay: seed 5, filter 'primitive\/matmul', path '[\d:]+'/,
    ]) {
      expect(message).toMatch(part);
    }
  });

  it('replays a failure by its path', async () => {
    const fault = FAULTY_FLEET.find(({ name }) => name === 'products in bf16');
    const matmul = FAMILIES.find(({ id }) => id === 'primitive/matmul');
    if (fault === undefined || matmul === undefined) throw new Error('they are gone');
    const check = familyCheck(matmul);
    const subject = backendSubject(fault.open());
    const { failure: first } = await check.run(subject, { seed: 5 });
    const path = first?.path ?? '';
    const { failure: again } = await check.run(subject, { seed: 5, path, cases: 1 });
    expect(again).toMatchObject({ address: first?.address });
  });

  it('asked for no more than a verdict, ends with the first case that fails', async () => {
    const fault = FAULTY_FLEET.find(({ name }) => name === 'products in bf16');
    const matmul = FAMILIES.find(({ id }) => id === 'primitive/matmul');
    if (fault === undefined || matmul === undefined) throw new Error('they are gone');
    const subject = backendSubject(fault.open());
    const wrong: string[] = [];
    const { verdict, failure } = await familyCheck(matmul).run(subject, {
      verdictOnly: true,
      onCase: ({ address, result }) => result.failure !== undefined && wrong.push(address),
    });
    expect(verdict).toBe('fail');
    expect(wrong).toEqual([failure?.address]);
    expect(failure?.path).toMatch(/^\d+$/);
  });

  it('tells a refusal from a failure', async () => {
    const backend = legal();
    const refusing = {
      info: backend.info,
      get liveTensors() {
        return backend.liveTensors;
      },
      compile: () => Promise.reject(new LacunaError({ what: 'no adder in this device' })),
      upload: backend.upload.bind(backend),
      download: backend.download.bind(backend),
      release: backend.release.bind(backend),
      dispose: backend.dispose.bind(backend),
    };
    const report = await checkBackend(refusing, { filter: 'primitive/add', cases: 3 });
    expect(report.counts).toMatchObject({ pass: 0, fail: 0, unsupported: 3 });
    expect(report.ok).toBe(false);
    expect(formatReport(report)).toContain('no adder in this device');
  });

  it('does not fail a backend for what its contract does not promise', async () => {
    const backend = legal();
    const subject = backendSubject(backend);
    const wgsl = { ...subject, info: { ...subject.info, contract: 'f32-wgsl' as const } };
    const report = await runChecks(wgsl, { filter: 'primitive/neg', cases: 3 });
    const beyond = report.checks.filter((check) => check.beyondContract === true);
    expect(beyond.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['primitive/neg/non-finite', 'unsupported'],
    ]);
    expect(report.ok).toBe(true);
    expect(junit(report)).toContain('failures="0"');
    expect(readReport(writeReport({ ...report, outputs: [] }), 'r').checks).toContainEqual(
      expect.objectContaining({ id: 'primitive/neg/non-finite', beyondContract: true }),
    );
  });

  it('calls a family vacuous whose bounds prove nothing', async () => {
    const wide = family('wide', fc.constant({}), () =>
      buildCase('wide', { x: { shape: [4] } }, { regime: 'constant', draw: 1 }, ({ x }) => {
        // 0.1 - 0.1 in sums of different length: nothing but error.
        const big = add(x, 1e8);
        return { result: add(big, -1e8 - 0.1) };
      }),
    );
    const { verdict, undecided } = await familyCheck(wide).run(backendSubject(legal()), {
      cases: 2,
    });
    expect([verdict, undecided > 0]).toEqual(['vacuous', true]);
  });
});
