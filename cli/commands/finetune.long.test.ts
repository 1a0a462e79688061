import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoData, makeDemoData } from '../../data/index.js';
import { readEvaluations, readMetrics } from '../../run/index.js';
import { lacuna } from '../testing/lacuna.js';
import { oneStepRun } from '../testing/one-step-run.js';

let folder = '';
let data: DemoData;
let run = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-finetune-command-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 24, testClips: 4 });
  run = join(folder, 'run');
  await oneStepRun('tiny-mae', data.trainList, run);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const own = (output: string): readonly string[] => [
  ...['finetune', '--data', data.trainList, '--test', data.testList, '--init', run],
  ...['--recipe', 'k400', '--batch', '4', '--steps', '30', '--output', join(folder, output)],
  ...['--set', 'checkpoints.everySteps=10', '--set', 'finetuning.views.clips=2'],
];
const losses = async (path: string): Promise<unknown> =>
  (await readMetrics(path)).map(({ step, metrics }) => [step, metrics]);

describe('lacuna finetune', () => {
  it('is killed and resumed, and ends as one that ran straight', async () => {
    const straight = await lacuna(own('straight'));
    expect(straight.code, straight.stderr).toBe(0);
    expect(straight.stderr).toContain('Weights are taken: a run of Lacuna');
    const path = join(folder, 'broken');
    const killed = await lacuna(own('broken'), {
      onProgress: (all: string, child: ChildProcess) => {
        if (!child.killed && all.includes('checkpoint ')) child.kill('SIGKILL');
      },
    });
    expect(killed.code).toBe(null);
    const finished = await lacuna(['finetune', '--resume', path]);
    expect(finished.code, finished.stderr).toBe(0);
    expect(await losses(path)).toEqual(await losses(join(folder, 'straight')));
    expect(await readEvaluations(path)).toEqual(await readEvaluations(join(folder, 'straight')));
    const top1 = /top-1 +\d+\.\d % \[\d+\.\d, \d+\.\d\]/;
    expect(finished.stdout).toMatch(top1);
    expect(finished.stdout.match(top1)?.[0]).toBe(straight.stdout.match(top1)?.[0]);
    expect(finished.stdout).toContain('2 x 3 views (clips x crops), mean of softmax');
    const page = join(folder, 'classes.html');
    const judged = await lacuna([
      ...['evaluate', path, '--data', data.testList, '--views', '1x1', '--page', page],
    ]);
    const told = await lacuna([
      ...['evaluate', path, '--data', data.testList, '--views', '1x1', '--json'],
    ]);
    const { evaluations } = JSON.parse(told.stdout) as { evaluations: readonly object[] };
    expect(evaluations).toMatchObject([{ evaluator: 'classification', clips: 4, step: 30 }]);
    expect(judged.stdout).toMatch(/classification on 4 clips of .*, after step 30\n {2}4 videos;/);
    const classes = await readFile(page, 'utf8');
    expect(classes).toContain('Calibration');
    // Four clips of twelve classes after 30 steps: some are taken for another, and those play.
    const wrong = (await readEvaluations(path)).at(-1)?.scores.top1 ?? 1;
    expect(wrong).toBeLessThan(1);
    expect(classes).toMatch(/<figure><div class="playing"[^>]*><img src="data:image\/png;base64,/);
    const report = await lacuna(['report', path]);
    expect(report.stdout).toContain('report.html');
    const text = await readFile(join(path, 'report.html'), 'utf8');
    expect(text).toContain(`fine-tuning by k400 of ${run}`);
    expect(text).toContain('calibration_error');
    expect(text).toContain('2 x 3 views (clips x crops), mean of softmax');
  });

  it('says what is missing, and what a folder is', async () => {
    const nothing = await lacuna(['finetune']);
    expect(nothing.stderr).toContain('error: --data: no clips to learn from are named');
    const wrong = await lacuna(['finetune', '--resume', run]);
    expect(wrong.stderr).toContain('this folder holds a pretraining run; got task pretrain');
    const views = await lacuna(['evaluate', run, '--data', data.testList, '--views', '5x3']);
    expect(views.stderr).toContain('--views: this is for classifiers, and this run is none');
    const changed = await lacuna(['finetune', '--resume', run, '--batch', '8']);
    expect(changed.stderr).toContain('--batch: a run that goes on has the settings');
  });
});
