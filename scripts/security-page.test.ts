import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const ROW = /^\| (?!who |---)(.+?) \| (.+?) \| `(.+?)`: (.+?) \|$/;

const rows = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (who|---)/.test(line));

describe('docs/security.md', () => {
  it('has lines', () => {
    expect(rows.length).toBeGreaterThan(15);
  });

  it.each(rows)('names a test that is there: %s', (line) => {
    const [, , , path = '', title = ''] = ROW.exec(line) ?? [];
    expect(path).toMatch(/\.test\.ts$/);
    expect(readFileSync(join(ROOT, path), 'utf8')).toContain(title);
  });
});
