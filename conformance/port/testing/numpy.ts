import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The Python that tests use: the environment's, or the one on the path. */
export const PYTHON: string = process.env.LACUNA_PYTHON ?? 'python3';
export const PORT_FOLDER: string = join(import.meta.dirname, '..', '..', '..', 'ports', 'python');

/** Why the NumPy port cannot run here, where it cannot. */
export function missingNumpy(): string | undefined {
  const { status, error } = spawnSync(PYTHON, ['-c', 'import numpy'], { stdio: 'ignore' });
  if (error !== undefined) return `there is no ${PYTHON} (set LACUNA_PYTHON)`;
  return status === 0 ? undefined : `${PYTHON} has no NumPy (set LACUNA_PYTHON)`;
}

/** The command of the port. No bytecode is left behind. */
export const PORT_COMMAND: string = `"${PYTHON}" -B -m lacuna_port`;
