import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { requireUtf8 } from './argument-bytes.js';
import { MAIN } from './testing/lacuna.js';

it.skipIf(process.platform !== 'linux')(
  'a run folder whose name is not UTF-8 is refused in a sentence, and opened by a link',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'lacuna-bytes-'));
    const named = Buffer.from(`${folder}/run-\xff`, 'latin1');
    try {
      mkdirSync(named);
      // Node cannot pass such an argument on either: a shell makes it.
      const command = `"${process.execPath}" "${MAIN}" report "$(printf '${folder}/run-\\377')"`;
      const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
        encoding: 'utf8',
        cwd: resolve(import.meta.dirname, '..'),
      });
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^error: .*run-.*: this argument has bytes that are not UTF-8.*\n$/);
      symlinkSync(named, join(folder, 'link'));
      expect(() => requireUtf8(['report', join(folder, 'link')])).not.toThrow();
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  60_000,
);

it('a name that really has the character of replacement is no mistake', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-\ufffd-'));
  try {
    expect(() => requireUtf8(['report', folder, `--output=${folder}`])).not.toThrow();
    expect(() => requireUtf8([`--output=${folder}/none`])).toThrow(/not UTF-8/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
