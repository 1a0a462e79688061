import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** One of the ports of `ports/`, written in Python. */
export interface PythonPort {
  /** The Python that it runs in: the environment's, or the one on the path. */
  readonly python: string;
  readonly folder: string;
  /** The command of the port, in its folder. No bytecode is left behind. */
  readonly command: string;
  /** Why it cannot run here, where it cannot. */
  readonly missing: () => string | undefined;
}

function pythonPort(
  folder: string,
  name: string,
  { variable, needs }: { readonly variable: string; readonly needs: string },
): PythonPort {
  const python = process.env[variable] ?? 'python3';
  return {
    python,
    folder: join(import.meta.dirname, '..', '..', '..', 'ports', folder),
    command: `"${python}" -B -m ${name}`,
    missing: () => {
      const { status, error } = spawnSync(python, ['-c', `import ${needs}`], { stdio: 'ignore' });
      if (error !== undefined) return `there is no ${python} (set ${variable})`;
      return status === 0 ? undefined : `${python} cannot import ${needs} (set ${variable})`;
    },
  };
}

/** The ports by the names that `scripts/plant-mistakes.ts` has for them. */
export const PYTHON_PORTS: Readonly<Record<'numpy' | 'torch', PythonPort>> = {
  numpy: pythonPort('python', 'lacuna_port', { variable: 'LACUNA_PYTHON', needs: 'numpy' }),
  torch: pythonPort('pytorch', 'lacuna_torch', { variable: 'LACUNA_TORCH', needs: 'torch, numpy' }),
};
