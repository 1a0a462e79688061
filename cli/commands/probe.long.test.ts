import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoData, makeDemoData } from '../../data/index.js';
import { inspect, readEvaluations, readMetrics } from '../../run/index.js';
import { lacuna } from '../testing/lacuna.js';
import { oneStepRun } from '../testing/one-step-run.js';

let folder = '';
let data: DemoData;
let run = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-probe-command-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 24, testClips: 4 });
  run = join(folder, 'run');
  await oneStepRun('tiny-mae', data.trainList, run);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const losses = async (path: string): Promise<unknown> =>
  (await readMetrics(path)).map(({ step, metrics }) => [step, metrics]);
const own = (output: string, steps: number): readonly string[] => [
  ...['probe', run, '--data', data.trainList, '--test', data.testList],
  ...['--output', join(folder, output), '--steps', `${steps}`, '--evaluate-every', '100'],
  ...['--learning-rate', '0.02', '--decay', '0', '--cache', join(folder, 'cache')],
];

describe('lacuna probe', () => {
  it('is stopped, killed and resumed, and prints the accuracy of one that ran straight', async () => {
    const steps = 1000;
    const straight = await lacuna(own('straight', steps));
    expect(straight.code, straight.stderr).toBe(0);
    expect(straight.stderr).toContain('Features: 0 were known, 28 are kept now.\n');
    expect(straight.stdout).toMatch(
      /Top-1 accuracy on 4 clips of \d+ classes: \d+\.\d % \[\d+\.\d, \d+\.\d\] \(chance \d+\.\d %, always the most frequent class/,
    );
    const path = join(folder, 'broken');
    const atCheckpoint = (signal: NodeJS.Signals) => (all: string, child: ChildProcess) => {
      if (!child.killed && all.includes('checkpoint ')) child.kill(signal);
    };
    const killed = await lacuna(own('broken', steps), { onProgress: atCheckpoint('SIGKILL') });
    expect(killed.code).toBe(null);
    const stopped = await lacuna(['probe', '--resume', path], {
      onProgress: atCheckpoint('SIGINT'),
    });
    expect(stopped.stderr).toContain('Stopping after this step, with a checkpoint.');
    expect(stopped.stdout).toContain(`Continue with: lacuna probe --resume ${path}`);
    const finished = await lacuna(['probe', '--resume', path]);
    expect(await losses(path)).toEqual(await losses(join(folder, 'straight')));
    expect(await readEvaluations(path)).toEqual(await readEvaluations(join(folder, 'straight')));
    const accuracy = /Top-1 accuracy.*/;
    expect(finished.stdout.match(accuracy)?.[0]).toBe(straight.stdout.match(accuracy)?.[0]);
    const manifest = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8')) as object;
    expect(manifest).toMatchObject({ task: 'linear-probe', settings: { run, steps } });
    expect(await inspect(path)).toMatchObject({
      kind: 'a probe of Lacuna',
      facts: { head: 'linear', checkpoint: `after ${steps} steps` },
      tensors: expect.arrayContaining([expect.objectContaining({ dtype: 'F32' })]),
    });
    const report = await lacuna(['report', path]);
    expect(report.stdout).toBe(`The report is in ${join(path, 'report.html')}\n`);
    const page = await readFile(join(path, 'report.html'), 'utf8');
    expect(page).toMatch(/train_top1<\/th><td class="number">\d+\.\d %/);
    expect(page).toContain('"title":"probe: top1"');
    expect(page).toContain('How often clips of a class were named which');
  });

  it('says what is missing, and what a folder is', async () => {
    const nothing = await lacuna(['probe']);
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toContain('error: lacuna probe: no run is named');
    const noData = await lacuna(['probe', run]);
    expect(noData.stderr).toContain('error: --data: no clips to learn from are named');
    const wrong = await lacuna(['probe', '--resume', run]);
    expect(wrong.stderr).toContain(
      `${run}: this folder holds a pretraining run; got task pretrain, expected a probe.`,
    );
    const steps = await lacuna(['probe', run, '--steps', 'many']);
    expect(steps.stderr).toContain('it must be a whole number from 1 to');
  });
});

describe('lacuna evaluate', () => {
  it('prints what a model is worth, by all that it can be judged by or by one alone', async () => {
    const both = await lacuna(['evaluate', run, '--data', data.testList]);
    expect(both.code).toBe(0);
    expect(both.stdout).toMatch(
      /retrieval on 4 clips.*\n {2}records [0-9a-f]{12}: 4 clips, 4 first captions.*fair: ties.*\n[\s\S]*text_to_video\.r1 +[\d.]+\n[\s\S]*chance\.r1 +0\.25\n/,
    );
    expect(both.stdout).toMatch(/reconstruction on 4 clips[\s\S]*squared_error +\d/);
    expect(both.stderr).toMatch(/retrieval: \d of 4 clips embedded, after \d+ s\n/);
    const one = await lacuna([
      'evaluate',
      run,
      '--data',
      data.testList,
      '--only',
      'reconstruction',
      '--json',
    ]);
    const { evaluations } = JSON.parse(one.stdout) as { evaluations: readonly object[] };
    expect(evaluations).toMatchObject([{ evaluator: 'reconstruction', clips: 4, leftOut: 0 }]);
    const none = await lacuna(['evaluate', run, '--data', data.testList, '--only', 'taste']);
    expect(none.stderr).toContain(
      'there is no such evaluator; got "taste", expected one of retrieval',
    );
  });
});
