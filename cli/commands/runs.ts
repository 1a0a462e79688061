import { Command } from 'commander';
import { jsonOption, printJson } from '../options/json-option.js';
import { listRuns } from '../run-listing/list-runs.js';
import { runsResult } from '../run-listing/runs-result.js';
import { runsTable } from '../run-listing/runs-table.js';

export function runsCommand(): Command {
  return new Command('runs')
    .description(
      'Lists runs, the newest last: what each trains, how far it is, its last loss and evaluations, and the\n' +
        'settings in which they differ. Runs that are trained meanwhile are read, not disturbed.',
    )
    .argument('[folders...]', 'runs, sweeps, or folders that hold runs or sweeps (default: runs)')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna runs
  $ lacuna runs runs/tube runs/motion
  $ lacuna runs sweeps/tgm-mask-ratio
  $ lacuna runs experiments --json

A run is "running" while its lock is held, "finished" after its last step, and "stopped" otherwise: it can go on.`,
    )
    .action(async (folders: readonly string[], { json = false }: { readonly json?: boolean }) => {
      const result = runsResult(await listRuns(folders.length === 0 ? ['runs'] : folders));
      if (json) printJson(result);
      else console.log(runsTable(result));
    });
}
