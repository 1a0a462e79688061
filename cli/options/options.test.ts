import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalOf } from '../../core/testing/refusal.js';
import { backendConfig, resumedBackend, withBackendOptions } from './backend-options.js';
import { type RunFlags, settingsOf } from './run-options.js';
import { rootOption, seedOption, setOption } from './shared-options.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-options-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What a command with the shared flags reads from a command line, or what it says of it. */
function read(...line: readonly string[]): RunFlags | string {
  let said = '';
  const command = withBackendOptions(new Command())
    .addOption(rootOption())
    .addOption(seedOption())
    .addOption(setOption())
    .exitOverride()
    .configureOutput({
      writeErr: (text) => {
        said += text;
      },
    });
  try {
    return command.parse(line, { from: 'user' }).opts();
  } catch {
    return said.trim();
  }
}

describe('flags of the backend', () => {
  it('say what a run is to be computed on', () => {
    const flags = read('--backend', 'webgpu', '--threads', '2', '--precision', 'mixed');
    expect(flags).toEqual({ backend: 'webgpu', threads: 2, precision: 'mixed' });
    if (typeof flags === 'string') return;
    expect(backendConfig(flags)).toEqual({ name: 'webgpu', threads: 2, precision: 'mixed' });
    expect(backendConfig({})).toEqual({ name: 'onnx' });
  });

  it.each([
    [
      ['--threads', '0'],
      "error: option '--threads <n>' argument '0' is invalid. it must be a whole number from 1 to 1024.",
    ],
    [
      ['--precision', 'f8'],
      "error: option '--precision <name>' argument 'f8' is invalid. Allowed choices are f32, mixed, tf32, bf16.",
    ],
  ])('%j is refused', (line, sentence) => {
    expect(read(...line)).toBe(sentence);
  });
});

describe('flags of the backend, of a run that goes on', () => {
  const had = { name: 'xla', device: 'cuda', devices: 8, threads: 3, precision: 'tf32' } as const;

  it('leave everything as it was that they do not name', () => {
    expect(resumedBackend(had, {})).toEqual(had);
    expect(resumedBackend(had, { backend: 'xla', devices: 4 })).toEqual({ ...had, devices: 4 });
    expect(resumedBackend(had, { device: 'cuda', threads: 1 })).toEqual({ ...had, threads: 1 });
    const sharded = { ...had, shardState: true };
    expect(resumedBackend(had, { shardState: true })).toEqual(sharded);
    expect(resumedBackend(sharded, { devices: 4 })).toEqual({ ...sharded, devices: 4 });
  });

  it('leave nothing of another backend, and of another device no numbers', () => {
    expect(resumedBackend(had, { backend: 'onnx', threads: 2 })).toEqual({
      name: 'onnx',
      threads: 2,
    });
    expect(resumedBackend(had, { device: 'cpu', devices: 2 })).toEqual({
      ...{ name: 'xla', device: 'cpu', devices: 2, precision: 'tf32' },
    });
  });
});

describe('flags of a run', () => {
  const given = { data: '1', output: 'run', preset: 'tiny-mae' };

  it('override the configuration, numbers as numbers and paths as text', async () => {
    const config = join(folder, 'run.json');
    await writeFile(config, JSON.stringify({ batch: 8, seed: 1, encoder: { depth: 2 } }));
    const flags = read(
      '--threads',
      '2',
      '--seed',
      '3',
      '--set',
      'batch=4',
      '--set',
      'mask.ratio=0.25',
    );
    if (typeof flags === 'string') return expect.unreachable(flags);
    const run = { ...given, ...flags, microbatches: '2', config };
    expect(await settingsOf(run)).toMatchObject({
      data: { list: '1' },
      seed: 3,
      batch: 4,
      microbatches: 2,
      encoder: { depth: 2 },
      mask: { ratio: 0.25 },
      backend: { name: 'onnx', threads: 2 },
    });
  });

  it('say what of a list is taken', async () => {
    const choice = { split: '7', video: '{}.mkv', parts: true };
    expect((await settingsOf({ ...given, ...choice })).data).toMatchObject({
      list: '1',
      ...choice,
    });
  });

  it('ask for the list by its flag', async () => {
    const sentence =
      '--data: no clips to learn from are named; expected a list of videos: JSON Lines (video, captions, label), or the annotation file of a public set. For example: --data captions.jsonl --root videos; in a configuration file, data.list and data.root.';
    expect(await refusalOf(settingsOf({ preset: 'demo' }))).toBe(sentence);
    expect(await refusalOf(settingsOf({ root: 'videos' }))).toBe(sentence);
  });

  it('go to a folder named by the time where none is named', async () => {
    const { output } = await settingsOf({ data: 'clips.jsonl' });
    expect(output).toMatch(/^runs\/\d{4}-\d\d-\d\d-\d{6}$/);
  });

  it('begin with the weights of the folders of --init', async () => {
    const fixtures = join(import.meta.dirname, '../../run/weights/fixtures');
    const init = ['vit', 'bert'].map((name) => join(fixtures, name));
    const { encoder, text, data } = await settingsOf({
      data: 'clips.jsonl',
      preset: 'mac-vitb',
      init,
      set: ['clip.patch=4', 'textMask.ratio=0'],
    });
    expect(encoder).toMatchObject({ init: init[0], width: 12, normEps: 1e-12 });
    expect(text).toMatchObject({ init: init[1], norms: 'after', length: 16 });
    expect(data.tokenizer).toBe(join(fixtures, 'bert', 'tokenizer.json'));
  });

  it('must assign something with --set', async () => {
    expect(await refusalOf(settingsOf({ ...given, set: ['encoder.depth'] }))).toBe(
      '--set: this is no assignment; got encoder.depth, expected key=value, for example --set encoder.depth=6.',
    );
  });

  it.each([
    ['half.json', '{"batch": ', 'the configuration is not JSON; got Unexpected end of JSON input.'],
    ['list.json', '[]', 'the configuration is not JSON; got it is no object.'],
    ['wrong.json', '{"batch": 0}', 'batch: this value cannot be used; got 0, expected at least 1.'],
  ])('need a configuration that can be used: %s', async (name, content, sentence) => {
    const config = join(folder, name);
    await writeFile(config, content);
    expect(await refusalOf(settingsOf({ ...given, config }))).toBe(`${config}: ${sentence}`);
  });

  it('need the configuration that they name', async () => {
    const config = join(folder, 'none.json');
    expect(await refusalOf(settingsOf({ ...given, config }))).toBe(
      `${config}: the file cannot be read; got ENOENT.`,
    );
  });
});
