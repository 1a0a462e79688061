import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../core/testing/capability.js';
import { videoBackend } from '../data/index.js';
import { writeTestVideo } from '../data/testing/test-videos.js';

/**
 * The walks of CONTRIBUTING.md, replayed in a copy of the sources: a mask, a loss and a primitive are
 * begun there by the scaffold, the copy is built, and what was built is run.
 */
const root = join(import.meta.dirname, '..');
const SOURCES =
  'spec core formats protocol reference backends conformance data run teacher evaluation training cli scripts docs ports'.split(
    ' ',
  );
const canDecode = capable(
  'node-av',
  await videoBackend('node-av').then(
    () => undefined,
    () => 'it is not installed',
  ),
);

let copy = '';
let compiler = '';
const begun = { mask: '', loss: '', primitive: '' };

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'lacuna-scaffold-'));
  for (const folder of SOURCES) {
    cpSync(join(root, folder), join(copy, folder), { recursive: true, filter: isNeeded });
  }
  for (const file of ['package.json', 'tsconfig.json', 'tsconfig.build.json']) {
    cpSync(join(root, file), join(copy, file));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  begun.mask = scaffold('mask', 'half-chosen');
  begun.loss = scaffold('loss', 'half-squared');
  begun.primitive = scaffold('primitive', 'sin');
  compiler = runIn(
    copy,
    join('node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    'tsconfig.build.json',
  );
}, 300_000);
afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('a mask', () => {
  it('is one file and one line', () => {
    expect(written(begun.mask)).toEqual([
      'wrote spec/masking/half-chosen.ts',
      'added a line to spec/masking/all-kinds.ts',
    ]);
  });

  it.skipIf(!canDecode)('is drawn by the command line at once', async () => {
    await writeTestVideo(join(copy, 'clip.mp4'), 20, 1);
    const size = ['--frames', '4', '--size', '64', '--stride', '2'];
    const show = ['mask', 'show', 'clip.mp4', '--mask', 'half-chosen', ...size];
    const said = runIn(copy, 'dist/cli/main.js', ...show, '--output', 'mask.png');
    expect(said).toMatch(/half-chosen/);
    expect(readFileSync(join(copy, 'mask.png')).subarray(1, 4).toString()).toBe('PNG');
  });

  it('is accepted by the settings of a run at once', () => {
    expect(settingsWith({ mask: { kind: 'half-chosen' } })).toContain('"kind":"half-chosen"');
    expect(settingsWith({ mask: { kind: 'half-choosen' } })).toMatch(/half-choosen.*half-chosen/s);
  });

  it('that is in no list is named', () => {
    const list = join(copy, 'spec', 'masking', 'all-kinds.ts');
    const withIt = readFileSync(list, 'utf8');
    writeFileSync(list, withIt.replace(/^.*half-chosen.*\n/m, ''));
    expect(scaffold('verify')).toContain(
      'mask half-chosen.ts: its line in spec/masking/all-kinds.ts is missing',
    );
    writeFileSync(list, withIt);
  });
});

describe('a loss', () => {
  it('is at most six files', () => {
    const files = new Set([...written(begun.loss), ...left(begun.loss)].map(pathOf));
    expect([...files]).toEqual([
      'spec/objectives/half-squared.ts',
      'reference/closed-forms/half-squared.ts',
      'spec/objectives/all-reconstruction-losses.ts',
      'reference/closed-forms/reconstruction-losses.ts',
      'spec/clauses/method.ts',
      'conformance/families/objectives.ts',
    ]);
  });

  it('is accepted by the settings of a run at once, and stands in its program', () => {
    const settings = settingsWith({ mae: { loss: 'half-squared' } });
    expect(settings).toContain('"loss":"half-squared"');
    // The scaffold's takes one mean, where the mean squared error takes three.
    expect(sumsOf('half-squared')).toBe(1);
    expect(sumsOf('mean-squared')).toBe(3);
  });

  it('that is in no list, or has no closed form, is named', () => {
    const list = join(copy, 'spec', 'objectives', 'all-reconstruction-losses.ts');
    const withIt = readFileSync(list, 'utf8');
    writeFileSync(list, withIt.replace(/^.*half-squared.*\n/m, ''));
    rmSync(join(copy, 'reference', 'closed-forms', 'half-squared.ts'));
    const said = scaffold('verify');
    expect(said).toContain(
      'loss half-squared.ts: reference/closed-forms/half-squared.ts is missing',
    );
    expect(said).toContain(
      'loss half-squared.ts: its line in spec/objectives/all-reconstruction-losses.ts is missing',
    );
    writeFileSync(list, withIt);
  });
});

describe('a primitive', () => {
  const files = (): string[] => [...new Set(left(begun.primitive).map(pathOf))];

  it('touches fourteen files', () => {
    expect(written(begun.primitive)).toEqual(['added a line to spec/program/primitive-facts.ts']);
    expect(files()).toContain('spec/program/primitive-facts.ts');
    expect(files().length).toBeLessThanOrEqual(14);
  });

  it('has each file that is missing named by the compiler or by verify, and no other', () => {
    const complaints = [...compiler.matchAll(/^(\S+)\(\d+,\d+\): error/gm)].map(([, file]) => file);
    expect(compiler).not.toMatch(/error.*(?:half|Half)/);
    const verified = scaffold('verify')
      .split('\n')
      .filter((line) => line.startsWith('primitive sin: '));
    const named = new Set([...complaints, ...verified.map((line) => line.split(': ')[1])]);
    if (named.has('conformance/mutants/kills.json')) named.add('docs/proof.md');
    expect([...named].sort()).toEqual(
      files()
        .filter((file) => file !== 'spec/program/primitive-facts.ts')
        .sort(),
    );
    expect(verified.at(-1)).toContain('docs/proof.md');
  });
});

/** Tests are not built; fixtures, goldens and what was built before are not read. */
function isNeeded(path: string): boolean {
  return (
    !/\.test\.ts$|\.safetensors$|\.bin$|\.mp4$/.test(basename(path)) &&
    !/node_modules|dist$|rust[/\\]target$/.test(path)
  );
}

function runIn(folder: string, script: string, ...flags: readonly string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [script, ...flags], {
    cwd: folder,
    encoding: 'utf8',
  });
  return stdout + stderr;
}

function scaffold(...flags: readonly string[]): string {
  return runIn(
    copy,
    join('node_modules', 'tsx', 'dist', 'cli.mjs'),
    'scripts/scaffold.ts',
    ...flags,
  );
}

/** What the scaffold did, and what it leaves to do. */
function written(said: string): string[] {
  return said.split('\n').filter((line) => /^(wrote|added)/.test(line));
}

function left(said: string): string[] {
  return said.split('\n').filter((line) => line.startsWith('  '));
}

function pathOf(line: string): string {
  return line.replace(/^(wrote | {2}|added a line to )/, '').split(': ')[0] ?? '';
}

/** The settings of a run as JSON, or why there are none. */
function settingsWith(config: object): string {
  return built(`
    const { parseConfig, resolveSettings } = await import('./dist/run/index.js');
    const config = { preset: 'tiny-mae', data: { list: 'a.jsonl' }, output: 'o', ...${JSON.stringify(config)} };
    console.log(JSON.stringify(resolveSettings(parseConfig(config, 'the test'))));
  `);
}

/** How many sums the loss of a step takes. */
function sumsOf(loss: string): number {
  const said = built(`
    const { PRESETS, pretrainingModel } = await import('./dist/spec/index.js');
    const { video, encoder, decoder } = PRESETS['tiny-mae'];
    const config = { video, encoder, mae: { decoder, loss: '${loss}' } };
    const { program } = pretrainingModel(config, { batch: 2, visible: 3 });
    const sums = program.operations.filter(
      ({ op, results }) => op === 'reduce_sum' && results[0].name.startsWith('mae.'),
    );
    console.log(sums.length);
  `);
  return Number(said);
}

function built(code: string): string {
  return runIn(copy, '--input-type=module', '--eval', code);
}
