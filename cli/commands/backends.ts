import { Command } from 'commander';
import { type DeviceRow, probeDevices } from '../backends/probe-devices.js';

export function backendsCommand(): Command {
  return new Command('backends')
    .description('Tells which backends and devices can run here, and for each other one why not.')
    .option('--json', 'print JSON instead of a table')
    .addHelpText('after', '\nExamples:\n  $ lacuna backends\n  $ lacuna backends --json')
    .action(async (options: { readonly json?: boolean }) => {
      const rows = await probeDevices();
      console.log(options.json === true ? JSON.stringify(rows, null, 2) : table(rows));
    });
}

function table(rows: readonly DeviceRow[]): string {
  const lines = rows.map(({ backend, device, available, inSoftware, detail }) => {
    const can = available ? (inSoftware ? 'in software' : 'yes') : 'no';
    return `${can.padEnd(13)}${backend.padEnd(10)} ${device.padEnd(11)} ${detail}`;
  });
  return ['can run      backend    device      what, or why not', ...lines].join('\n');
}
