import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { FUNCTION_NAMES } from '../../protocol/function-call.js';
import { LacunaError } from '../../spec/errors.js';
import { familyCheck } from '../family-check.js';
import { FAULTY_FLEET } from '../fleet/faulty.js';
import { LEGAL_FLEET } from '../fleet/legal.js';
import { FUNCTION_FAMILIES } from '../functions/index.js';
import { PYTHON_PORTS } from '../port/testing/python-ports.js';

const { python, folder: portFolder, missing } = PYTHON_PORTS.numpy;

import { backendSubject } from '../subject.js';
import { exportVectors, type VectorEntry } from './export.js';
import { FROZEN_CHECKS, freeze, thaw } from './frozen.js';

describe('a frozen vector', () => {
  it('is there in ten kinds and more', () => {
    expect(FROZEN_CHECKS.length).toBeGreaterThanOrEqual(10);
    expect(new Set(FROZEN_CHECKS.flatMap(({ clauses }) => clauses)).size).toBeGreaterThan(9);
  });

  it.each(FROZEN_CHECKS.filter(({ program }) => program))(
    '$id still finds its mistake, and no legal backend fails it',
    async ({ id, run }) => {
      const text = readFileSync(join(import.meta.dirname, `${id.slice(8)}.json`), 'utf8');
      const { found } = thaw(text, id);
      const fault = FAULTY_FLEET.find(({ name }) => name === found);
      if (fault === undefined) throw new Error(`no fault is called ${found}`);
      const { verdict, failure } = await run(backendSubject(fault.open()), {});
      expect(verdict).toBe('fail');
      expect(failure?.what).toContain(found);
      for (const { open } of LEGAL_FLEET) {
        expect((await run(backendSubject(open()), {})).verdict).toBe('pass');
      }
    },
  );

  it('is the same after it was frozen and thawed', () => {
    const about = { found: 'nothing', level: 1, clauses: ['op.neg'], address: 'none' };
    for (const { family } of FROZEN_CHECKS) {
      const made = family?.make({});
      if (made === undefined) throw new Error('a frozen check is of one case');
      expect(thaw(freeze(made, about), 'text').case.runs).toEqual(made.runs);
    }
  });

  it.each<[string, string]>([
    ['no JSON', '{'],
    ['another format', '{"format":"lacuna-vector/2"}'],
    ['neither program nor call', frozenText({})],
    ['a program that is none', frozenText({ program: ['lacuna program 1', 'name x'] })],
    [
      'data that do not fill their shape',
      frozenText({
        call: { function: 'random.philox', attributes: {} },
        runs: [{ counter: { dtype: 'i32', shape: [1, 4], data: [0] } }],
      }),
    ],
  ])('is refused with %s', (_, text) => {
    expect(() => thaw(text, 'vector.json')).toThrow(LacunaError);
  });
});

function frozenText(more: object): string {
  const about = { format: 'lacuna-vector/1', found: 'nothing', level: 1, clauses: ['op.neg'] };
  return JSON.stringify({ ...about, address: '', runs: [{}], ...more });
}

describe('exported vectors', () => {
  let folder: string;
  let entries: readonly VectorEntry[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lacuna-vectors-'));
    entries = await exportVectors(folder, { checks: FUNCTION_FAMILIES.map(familyCheck), cases: 2 });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('list every function with its clauses, and a file that begins as safetensors do', () => {
    const listed = new Set(entries.map(({ call }) => call?.function));
    expect([...listed].sort()).toEqual([...FUNCTION_NAMES].sort());
    for (const { file, inputs, outputs, clauses } of entries) {
      const bytes = readFileSync(join(folder, file));
      const length = Number(bytes.readBigUInt64LE(0));
      expect(length % 8).toBe(0);
      const header: unknown = JSON.parse(bytes.subarray(8, 8 + length).toString());
      const names = Object.keys(header as object);
      expect(names).toEqual(expect.arrayContaining(inputs.map((name) => `input.${name}`)));
      for (const name of outputs) {
        expect(names.some((each) => each === `value.${name}` || each === `exact.${name}`)).toBe(
          true,
        );
      }
      expect(clauses.length).toBeGreaterThan(0);
    }
  });

  describe.skipIf(!capable('numpy-port', missing()))('in Python, without our code', () => {
    const check = (...more: string[]): { status: number | null; stdout: string } =>
      spawnSync(python, ['-B', join(portFolder, 'check_vectors.py'), folder, ...more], {
        encoding: 'utf8',
        env: { ...process.env, PYTHONPATH: `${portFolder}:${folder}` },
      });

    it('pass with right functions', () => {
      const { status, stdout } = check();
      expect(stdout).toContain(`${entries.length} vectors checked, 0 failed`);
      expect(status).toBe(0);
    });

    it('fail with a wrong one, and name its clause', () => {
      const wrong = [
        'import numpy as np',
        'from lacuna_port.functions import FUNCTIONS',
        'def late(tensors, at):',
        '    results = FUNCTIONS["loss.mae"](tensors, at)',
        '    return {**results, "loss": results["loss"] * np.float32(1.01)}',
        'TABLE = {**FUNCTIONS, "loss.mae": late}',
      ];
      writeFileSync(join(folder, 'wrong.py'), wrong.join('\n'));
      const { status, stdout } = check('wrong:TABLE');
      expect(status).toBe(1);
      expect(stdout).toContain('loss; clauses loss.mae');
      expect(stdout).toMatch(/[1-4] failed/);
    });
  });
});
