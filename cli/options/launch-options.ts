import { type Command, Option } from 'commander';
import { addressOf } from '../../protocol/index.js';
import type { LaunchFlags } from '../launch/launcher.js';
import { wholeNumber } from '../whole-number.js';

/** Whether state is sharded. */
export function shardStateOption(): Option {
  return new Option(
    '--shard-state',
    'weights and moments in parts, one on each device, in place of whole on each (xla)',
  );
}

/** Adds the flags of a command that several devices, and several processes, may do together. */
export function withLaunchOptions(command: Command): Command {
  return command
    .option(
      '--devices <n>',
      'devices of this machine that share a batch (xla; default: all, of a CPU 1; more are simulated)',
      wholeNumber(1, 1024),
    )
    .addOption(shardStateOption())
    .option(
      '--no-shard-state',
      'weights and moments whole on each device, where the run had them in parts',
    )
    .option(
      '--coordinator <address>',
      'of several processes: HOST:PORT where process 0 listens, the same for all (docs/clusters.md)',
      (text: string) => {
        addressOf(text);
        return text;
      },
    )
    .option('--processes <n>', 'how many processes train the run together', wholeNumber(1, 100_000))
    .option('--process <i>', 'which of them this one is, from 0', wholeNumber(0, 99_999));
}

/** What they say, apart from other flags. */
export function launchFlags({ coordinator, processes, process: own }: LaunchFlags): LaunchFlags {
  return {
    ...(coordinator === undefined ? {} : { coordinator }),
    ...(processes === undefined ? {} : { processes }),
    ...(own === undefined ? {} : { process: own }),
  };
}
