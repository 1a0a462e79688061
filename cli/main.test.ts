import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lacuna as lacunaOf, lacunaSync } from './testing/lacuna.js';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-main-'));
afterAll(() => rmSync(folder, { recursive: true }));

function lacuna(...args: readonly string[]): {
  readonly code: number | null;
  readonly said: string;
} {
  const { code, stdout, stderr } = lacunaSync(...args);
  return { code, said: `${stdout}${stderr}` };
}

describe('the command line', () => {
  it('lists every command, and helps with each', () => {
    const { code, said } = lacuna('--help');
    expect(code).toBe(0);
    for (const name of ['demo', 'pretrain', 'evaluate', 'probe', 'report', 'backends', 'conform'])
      expect(said).toMatch(new RegExp(`^ {2}${name} +[A-Z]`, 'm'));
    expect(lacuna('help', 'report').said).toContain('--examples <n>');
    expect(lacuna('reprot')).toEqual({ code: 1, said: expect.stringMatching(/unknown command/) });
  });

  it('ends without a word where nobody reads on', async () => {
    const ended = await lacunaOf(['inspect', 'run/weights/fixtures/clip'], {
      started: ({ stdout }) => stdout?.destroy(),
    });
    expect(ended).toEqual({ code: 141, stdout: '', stderr: '' });
  });

  it('says what a run would take of a folder of weights', () => {
    const args = ['--preset', 'mac-vitb', '--set', 'clip.patch=4', '--set', 'clip.size=32'];
    const { code, said } = lacuna('import', 'run/weights/fixtures/vit_classifier', ...args);
    expect(code).toBe(0);
    for (const line of [
      '  encoder.mlpRatio = 2.5\n',
      '\nTaken: 38 tensors, 0.00426 million numbers\n',
      '\nLeft out: 2 tensors\n  classifier.bias\n  classifier.weight\n',
      'lacuna pretrain --data captions.jsonl --init run/weights/fixtures/vit_classifier\n',
    ])
      expect(said).toContain(line);
    const refused = lacuna('import', 'run/weights/fixtures/vit', '--set', 'encoder.width=16');
    expect(refused.code).toBe(1);
    expect(refused.said).toContain('encoder.width: the weights in');
  });

  it.each([
    ['evaluate', ['run', '--data', 'HOSTILE']],
    ['report', ['HOSTILE']],
    ['pretrain', ['--data', 'HOSTILE', '--set', 'HOSTILE=1']],
    ['conform', ['--replay', 'HOSTILE:x=1']],
    ['conform', ['--judge', 'LIST']],
    ['pretrain', ['--data', 'LIST', '--preset', 'demo', '--output', join(folder, 'run')]],
    ['HOSTILE', []],
  ])('%s %j says nothing that a terminal obeys', (command, args) => {
    const hostile = 'a\u001b]0;x\u0007\u001b[2J\u009b31m\u007f\u202egp4\u2066\r\u2028';
    const list = join(folder, 'list.jsonl');
    const line = { video: hostile, captions: [''], [hostile]: 1, label: hostile };
    writeFileSync(list, `${JSON.stringify(line)}\n`);
    const given = [command, ...args].map((word) =>
      word.replace('HOSTILE', hostile).replace('LIST', list),
    );
    const { code, said } = lacuna(...given);
    expect(code).not.toBe(0);
    expect(said).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|[\u2028\u2029]/u);
    expect(said).not.toContain('defect of Lacuna');
    expect(said).toMatch(
      command === 'conform' && args[0] === '--judge' ? /no conformance/ : /\\u\{1b\}|\\u001b/,
    );
  });
});
