import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const page = readFileSync(join(ROOT, 'docs', 'troubleshooting.md'), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| message /.test(line))
  .map((line) => /^\| (.+?) \| `(.+?)` \| .+ \|$/.exec(line)?.slice(1) ?? [line, '']);

it('has messages', () => {
  expect(rows.length).toBeGreaterThan(20);
});

it.each(rows)('is of a message that is made: %s', (message, file) => {
  expect(readFileSync(join(ROOT, file), 'utf8')).toContain(message);
});
