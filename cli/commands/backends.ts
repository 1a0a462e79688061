import { Command, Option } from 'commander';
import { FIXES } from '../backends/fixes.js';
import { type DeviceRow, probeDevices } from '../backends/probe-devices.js';
import { jsonOption, printJson } from '../options/json-option.js';

export function backendsCommand(): Command {
  return new Command('backends')
    .description('Tells which backends and devices can run here, and for each other one why not.')
    .addOption(jsonOption())
    .addOption(
      new Option(
        '--fix',
        'print what to install for the devices that cannot run (docs/gpu.md)',
      ).conflicts('json'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ lacuna backends\n  $ lacuna backends --json\n  $ lacuna backends --fix',
    )
    .action(async (options: { readonly json?: boolean; readonly fix?: boolean }) => {
      const rows = await probeDevices();
      if (options.json === true) return printJson(rows);
      console.log(table(rows));
      if (options.fix === true) console.log(fixes(rows));
    });
}

/** The lines to type for each device that cannot run. */
function fixes(rows: readonly DeviceRow[]): string {
  const absent = rows.filter(({ available }) => !available);
  const parts = absent.flatMap(({ backend, device }) => {
    const lines = FIXES[`${backend}:${device}`] ?? [];
    return lines.length === 0 ? [] : [`\n# ${backend}, ${device}`, ...lines];
  });
  return parts.length === 0 ? '\nEvery device can run.' : parts.join('\n');
}

function table(rows: readonly DeviceRow[]): string {
  const lines = rows.map(({ backend, device, available, inSoftware, detail }) => {
    const can = available ? (inSoftware ? 'in software' : 'yes') : 'no';
    return `${can.padEnd(13)}${backend.padEnd(10)} ${device.padEnd(11)} ${detail}`;
  });
  return ['can run      backend    device      what, or why not', ...lines].join('\n');
}
