/** Writes `docs/commands.md` from the help of every command. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandsPage } from './commands/commands-page.js';

const PAGE = join(import.meta.dirname, '../docs/commands.md');
await writeFile(PAGE, await commandsPage());
