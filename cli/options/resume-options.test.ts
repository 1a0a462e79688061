import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { refusal } from '../../core/testing/refusal.js';
import type { ResumeChanges } from '../../training/index.js';
import { pretrainCommand } from '../commands/pretrain.js';
import { resumeChanges } from './resume-options.js';

/** What the flags of `lacuna pretrain` beside --resume change. */
function changes(...flags: readonly string[]): ResumeChanges {
  const command = pretrainCommand().action(() => {});
  command.parse(['--resume', 'run', ...flags], { from: 'user' });
  expect(command).toBeInstanceOf(Command);
  return resumeChanges(command, command.opts());
}

describe('flags beside --resume', () => {
  it('are honoured where they change nothing that was learned', () => {
    expect(changes()).toEqual({ paths: {} });
    expect(changes('--steps', '9', '--workers', '3')).toEqual({ paths: {}, steps: 9, workers: 3 });
    expect(changes('--backend', 'xla', '--device', 'cuda', '--devices', '4')).toEqual({
      paths: {},
    });
    expect(changes('--coordinator', 'a:7', '--processes', '2', '--process', '1')).toEqual({
      paths: {},
    });
    expect(changes('--follow-links')).toEqual({ paths: { followLinks: true } });
    const moved = ['--data', 'a', '--root', 'b', '--split', 'c/d', '--set', 'evaluation.list=c=d'];
    expect(changes(...moved)).toEqual({
      paths: { list: 'a', root: 'b', split: 'c/d', evaluationList: 'c=d' },
    });
  });

  it.each([
    [['--batch', '4'], '--batch'],
    [['--seed', '4'], '--seed'],
    [['--parts'], '--parts'],
    [['--output', 'x'], '--output'],
    [['--precision', 'bf16'], '--precision'],
    [['--config', 'x'], '--config'],
    [['--set', 'mask.ratio=0.5'], '--set mask.ratio'],
    [['--set', 'constructor=1'], '--set constructor'],
    [['--steps', '-1'], '--steps'],
    [['--steps', '1', '--epochs', '1'], '--epochs'],
  ])('are refused by name: %j', (flags, name) => {
    expect(refusal(() => changes(...flags))).toMatch(new RegExp(`^${name}: `));
  });
});
