import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDemoData } from '../../data/index.js';
import { captionCommand } from '../commands/caption.js';
import { evaluateCommand } from '../commands/evaluate.js';
import { pretrainCommand } from '../commands/pretrain.js';
import { probeCommand } from '../commands/probe.js';
import { reportCommand } from '../commands/report.js';
import { retrieveCommand } from '../commands/retrieve.js';
import { similarityCommand } from '../commands/similarity.js';
import { tuneCommand } from '../commands/tune.js';
import { lacuna } from '../testing/lacuna.js';

let folder = '';
let list = '';
/** A list whose videos are links that lead out of its folder. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-links-'));
  const data = await makeDemoData(join(folder, 'elsewhere'), { trainClips: 8, testClips: 2 });
  const lines = (await readFile(data.trainList, 'utf8')).trim().split('\n');
  const farm = join(folder, 'farm');
  await mkdir(farm);
  const linked = await Promise.all(
    lines.map(async (line) => {
      const { video, ...rest } = JSON.parse(line) as { readonly video: string };
      await symlink(join(folder, 'elsewhere', video), join(farm, basename(video)));
      return JSON.stringify({ video: basename(video), ...rest });
    }),
  );
  list = join(farm, 'list.jsonl');
  await writeFile(list, `${linked.join('\n')}\n`);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function lacunaSays(
  ...args: readonly string[]
): Promise<[code: number | null, said: string]> {
  const { code, stdout, stderr } = await lacuna(args);
  return [code, `${stdout}${stderr}`];
}

describe('--follow-links', () => {
  it('is a switch of each command that has a data root', () => {
    const commands: readonly Command[] = [
      captionCommand(),
      evaluateCommand(),
      pretrainCommand(),
      probeCommand(),
      reportCommand(),
      retrieveCommand(),
      similarityCommand(),
      tuneCommand(),
    ];
    for (const command of commands) {
      const flags = command.options.map(({ long }) => long);
      expect([command.name(), flags]).toEqual([
        command.name(),
        expect.arrayContaining(['--root', '--follow-links']),
      ]);
    }
  });

  it('is named where a link leads out, kept in the manifest, and honoured by all that open the run again', async () => {
    const run = join(folder, 'run');
    const own = [
      'pretrain',
      '--data',
      list,
      '--preset',
      'tiny-mae',
      '--batch',
      '4',
      '--output',
      run,
    ];
    const [refused, why] = await lacunaSays(...own, '--steps', '1');
    expect(refused).toBe(1);
    expect(why).toMatch(/leads out of the data folder.*--follow-links/s);
    expect(existsSync(run)).toBe(false);

    expect(await lacunaSays(...own, '--steps', '1', '--follow-links')).toEqual([
      0,
      expect.stringContaining('Done: 1 steps'),
    ]);
    const manifest = JSON.parse(await readFile(join(run, 'manifest.json'), 'utf8'));
    expect(manifest.settings.data.followLinks).toBe(true);
    expect(await lacunaSays('pretrain', '--resume', run, '--steps', '2')).toEqual([
      0,
      expect.stringContaining('Done: 2 steps'),
    ]);
    const [reported, said] = await lacunaSays('report', run, '--examples', '1');
    expect([reported, said]).toEqual([0, expect.not.stringContaining('leads out')]);

    const [without, asked] = await lacunaSays('evaluate', run, '--data', list);
    expect([without, asked]).toEqual([1, expect.stringContaining('--follow-links')]);
    const [evaluated] = await lacunaSays('evaluate', run, '--data', list, '--follow-links');
    expect(evaluated).toBe(0);
  }, 240_000);

  it('does not count in a data folder that came along with the run', async () => {
    const sent = join(folder, 'sent');
    await cp(join(folder, 'run'), sent, { recursive: true });
    await mkdir(join(sent, 'videos'));
    for (const name of await readdir(join(folder, 'farm'))) {
      if (name !== 'list.jsonl')
        await symlink(join(folder, 'farm', name), join(sent, 'videos', name));
    }
    const moved = ['--data', list, '--root', join(sent, 'videos')];
    const [code, said] = await lacunaSays('pretrain', '--resume', sent, '--steps', '3', ...moved);
    expect([code, said]).toEqual([1, expect.stringContaining('--follow-links')]);
    expect(
      await lacunaSays('pretrain', '--resume', sent, '--steps', '3', ...moved, '--follow-links'),
    ).toEqual([0, expect.stringContaining('Done: 3 steps')]);
  }, 120_000);
});
