import type { Command } from 'commander';
import { COMMANDS } from '../commands.js';
import { EXIT } from '../conform/options.js';

/** Columns of the help as the page has it: a terminal's may differ. */
const WIDTH = 110;

/** A command, or one below it, as a person types it. */
export interface ListedCommand {
  /** `data check`. */
  readonly name: string;
  readonly command: Command;
}

/** Every command that does something, those below others too, in the order of the overview. */
export async function listedCommands(): Promise<readonly ListedCommand[]> {
  const found: ListedCommand[] = [];
  for (const [name, { load }] of Object.entries(COMMANDS)) {
    const command = await load();
    const below = command.commands.map((each) => ({
      name: `${name} ${each.name()}`,
      command: each,
    }));
    found.push(...(below.length === 0 ? [{ name, command }] : below));
  }
  return found;
}

/** What `lacuna NAME --help` prints. */
export function helpOf({ name, command }: ListedCommand): string {
  let text = '';
  command.configureHelp({
    helpWidth: WIDTH,
    commandUsage: (own) => `lacuna ${name} ${own.usage()}`.trim(),
  });
  command.configureOutput({
    writeOut: (piece) => {
      text += piece;
    },
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.replace(/[ \t]+$/gm, '').trim();
}

/** The page of all commands: what they have in common, then the help of each. */
export async function commandsPage(): Promise<string> {
  const all = await listedCommands();
  const listed = all.map(({ name }) => `[${name}](#lacuna-${name.replaceAll(' ', '-')})`);
  const sections = all.map((each) => `## lacuna ${each.name}\n\n\`\`\`\n${helpOf(each)}\n\`\`\`\n`);
  return `<!-- Written from the help of each command, and held to it, by cli/help/commands-page.test.ts. -->

# Commands

${listed.join(' · ')}

In a clone \`lacuna\` is \`npm run --silent lacuna --\`.

## For programs

Every command has \`--json\`: it prints one JSON document on standard output, and nothing else is there: keys in camel case,
scores by the names that tables give them, paths as they were given. What serves a page (\`watch\`, \`serve\`, \`search --open\`)
prints it on one line once it listens: \`url\`, and what is served. Progress, notes and errors are on the error output, with \`--json\` and
without; after an error there is no document. \`conform --json\` prints what \`--out\` writes as \`report.json\`; \`--out\` has the formats of CI, too.

| exit code | when |
|---|---|
| 0 | it is done; of \`demo\`, \`pretrain\`, \`tune\`, \`finetune\`, \`probe\` and \`sweep\` also: Ctrl-C ended it with a checkpoint (\`finished\` is false), and \`--resume\`, or the same command of a sweep, continues it; of what serves a page: Ctrl-C ended it |
| 1 | it failed, and the error output says what, where and how to mend it, a wrong command line too; of \`data check\` also: a file is broken; of \`plan\`: the run does not fit |
| 2 | of \`data check\`: the list is none |
| 130 | of \`caption\`, \`shard\` and \`similarity\`: it was stopped, and the same command goes on |
| 128 + n | signal n ended it: 130 Ctrl-C, 137 \`kill -9\`, 141 nobody read its output any more, 143 a stop |

Those of \`conform\` are its own: ${EXIT.passed} everything passed, ${EXIT.failed} something did not, ${EXIT.usage} wrong command line or file, ${EXIT.invalid} the run
proves nothing, ${EXIT.notRun} the backend is not here.

${sections.join('\n')}`;
}
