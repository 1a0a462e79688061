import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { describeFailure } from '../cli/failure.js';
import { plantedDefects } from './no-defects.js';

const SCRIPT = [
  '--eval',
  `process.stderr.write(${JSON.stringify(describeFailure(new TypeError('planted')))})`,
];

it('a defect is heard in every process that a test starts, also where it looks at nothing', async () => {
  const child = spawn(process.execPath, SCRIPT);
  child.stderr.resume();
  await once(child, 'close');
  await promisify(execFile)(process.execPath, SCRIPT);
  expect(spawnSync(process.execPath, SCRIPT, { encoding: 'utf8' }).stderr).toContain('planted');
  const heard = plantedDefects();
  expect(heard).toHaveLength(3);
  for (const each of heard)
    expect(each).toMatch(/^This is a defect of Lacuna.*\nTypeError: planted/);
});

it('what is no defect is not heard, and what a child prints is not changed', () => {
  const script = "console.log('all is well: no defect')";
  const { stdout } = spawnSync(process.execPath, ['--eval', script], { encoding: 'utf8' });
  expect(stdout).toBe('all is well: no defect\n');
  expect(plantedDefects()).toEqual([]);
});
