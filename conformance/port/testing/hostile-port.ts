import { join } from 'node:path';

/** The command of a port that misbehaves as a scenario of `hostile-port.mjs` says. */
export function hostilePort(scenario: string, trace = ''): string {
  const file = join(import.meta.dirname, 'hostile-port.mjs');
  return `"${process.execPath}" "${file}" '${scenario}' ${trace === '' ? '' : `'${trace}'`}`;
}
