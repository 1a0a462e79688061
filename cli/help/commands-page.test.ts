import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandsPage, helpOf, listedCommands } from './commands-page.js';

it('is what the commands say of themselves: LACUNA_UPDATE_GOLDEN=1 writes it anew', async () => {
  const path = join(import.meta.dirname, '../../docs/commands.md');
  const page = await commandsPage();
  if (process.env.LACUNA_UPDATE_GOLDEN === '1') writeFileSync(path, page);
  expect(readFileSync(path, 'utf8')).toBe(page);
});

it('has examples of each command, and a result for programs of each', async () => {
  const all = await listedCommands();
  expect(all.length).toBeGreaterThan(25);
  for (const each of all) {
    expect(helpOf(each), each.name).toMatch(/Examples?:\n {2}\$ lacuna /);
    expect(
      each.command.options.map(({ long }) => long),
      each.name,
    ).toContain('--json');
  }
});
