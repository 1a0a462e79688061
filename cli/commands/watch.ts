import { setPriority } from 'node:os';
import { Command } from 'commander';
import { jsonOption } from '../options/json-option.js';
import { serveUntilStopped } from '../serve/serve-until-stopped.js';
import { startWatchServer } from '../watch/watch-server.js';
import { wholeNumber } from '../whole-number.js';

interface WatchFlags {
  readonly port: number;
  readonly examples: number;
  readonly json?: boolean;
}

/** A process of this priority takes what others leave: the run goes first. */
const LOW_PRIORITY = 10;

export function watchCommand(): Command {
  return new Command('watch')
    .description(
      'Serves a live page about a run, to this machine alone: curves, masks and reconstructions by the newest\n' +
        'checkpoint, pace, problems of the data. The run, of whatever task, is followed by its files alone, so that\n' +
        'it may be started before, after or not at all. Ctrl-C ends the page, not the run.',
    )
    .argument('<run>', 'the folder of the run')
    .option('--port <n>', 'where to listen; 0 takes a free port', wholeNumber(0, 65_535), 8790)
    .option(
      '--examples <n>',
      'clips to mask and reconstruct for each checkpoint, on one thread of the CPU; 0 for none',
      wholeNumber(0, 16),
      2,
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna watch runs/my-run
  $ lacuna watch runs/my-run --port 0 --examples 0
  $ lacuna watch runs/my-run --json    # one line with the address, for programs
  $ ssh -L 8790:127.0.0.1:8790 host    # of a run on another machine: then open http://127.0.0.1:8790/ here`,
    )
    .action(async (folder: string, { json = false, ...flags }: WatchFlags) => {
      setPriority(LOW_PRIORITY);
      const server = await startWatchServer({ folder, ...flags });
      await serveUntilStopped(server, json, {
        ends: 'Ctrl-C ends it; the run goes on.',
        result: { run: folder },
      });
    });
}
