import { Command } from 'commander';
import { BACKENDS } from '../../backends/registry.js';

export function backendsCommand(): Command {
  return new Command('backends')
    .description('Tells which backends and devices can run here, and for each other one why not.')
    .option('--json', 'print JSON instead of a table')
    .addHelpText('after', '\nExamples:\n  $ lacuna backends\n  $ lacuna backends --json')
    .action(async (options: { readonly json?: boolean }) => {
      const rows = await probeAll();
      console.log(options.json === true ? JSON.stringify(rows, null, 2) : table(rows));
    });
}

interface Row {
  readonly backend: string;
  readonly device: string;
  readonly available: boolean;
  readonly detail: string;
}

async function probeAll(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const backend of BACKENDS.all) {
    for (const device of backend.devices) {
      const probe = await backend.probe({ device });
      const detail = probe.available ? probe.device : probe.reason;
      rows.push({ backend: backend.name, device, available: probe.available, detail });
    }
  }
  return rows;
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ backend, device, available, detail }) =>
      `${available ? 'yes' : 'no '}  ${backend.padEnd(10)} ${device.padEnd(11)} ${detail}`,
  );
  return [
    'can run  backend    device      what, or why not',
    ...lines.map((line) => `  ${line}`),
  ].join('\n');
}
