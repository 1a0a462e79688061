import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filled, readAction, readWorkflow } from './workflow/read.js';

/** How an expression begins. */
const OPEN = ['$', '{{'].join('');

const root = join(import.meta.dirname, '..');

describe('the workflow to copy', () => {
  it('gives the action inputs that it has, and uploads what the action writes, whatever came of it', () => {
    const steps = readWorkflow(join(root, 'ports', 'workflow.yml'));
    const { inputs, runs } = readAction(join(root, 'action.yml'));
    const own = steps.find(({ uses }) => uses === './');
    expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(own?.with ?? {})));
    const uploads = steps.filter(({ uses }) => /upload/.test(uses ?? ''));
    expect(uploads.map((step) => step.if)).toEqual(['always()', 'always()']);
    const folder = inputs.out?.default;
    expect(uploads.map((step) => step.with?.sarif_file ?? step.with?.path)).toEqual([
      `${folder}/results.sarif`,
      folder,
    ]);
    // What others choose reaches the shell as data, never as its text.
    for (const { run = '' } of runs.steps) expect(run).not.toContain(OPEN);
  });

  it('is refused where an expression has no value', () => {
    expect(filled(`a ${OPEN} inputs.b }}`, { 'inputs.b': 'c' })).toBe('a c');
    expect(() => filled(`${OPEN} secrets.token }}`, {})).toThrow('an expression has no value');
  });
});
