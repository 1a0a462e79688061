import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lacunaSync } from '../testing/lacuna.js';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-sweep-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('lacuna sweep', () => {
  it('says which runs there would be, and what a file lacks', () => {
    const path = 'docs/sweeps/tgm-mask-ratio.json';
    const dry = lacunaSync('sweep', path, '--dry-run');
    expect(dry.stdout).toContain(
      'seed 2: 0.75 {"mask.ratio":0.75}\n3 rows x 3 seeds: 9 runs in sweeps/tgm-mask-ratio.\n',
    );
    const bad = join(folder, 'bad.json');
    writeFileSync(bad, '{"title": "x", "rows": []}');
    const refused = lacunaSync('sweep', bad, '--dry-run');
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain(`${bad}: pretrain: this part of the sweep cannot be used`);
  });
});
