import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { LacunaError } from '../../spec/errors.js';

/** An installed package: its folder, and its modules by the names under which they are imported. */
export interface InstalledPackage {
  readonly name: string;
  readonly folder: string;
  /** `pure-rand/utils/skipN` and the file, as a path in the folder. */
  readonly modules: ReadonlyMap<string, string>;
}

/** The package as the module of the path `from` gets it. @throws LacunaError where it is missing. */
export function installedPackage(name: string, from: string): InstalledPackage {
  // Packages need not export their package.json, so it is looked for where Node would.
  const paths = createRequire(from).resolve.paths(name) ?? [];
  const found = paths.map((path) => join(path, name)).find((path) => existsSync(join(path, FILE)));
  if (found === undefined) {
    throw new LacunaError({
      where: 'lacuna serve',
      what: `the package ${name} is not installed`,
      fix: 'npm ci',
    });
  }
  const folder = realpathSync(found);
  const { exports = {} } = JSON.parse(readFileSync(join(folder, FILE), 'utf8')) as Manifest;
  const modules = new Map<string, string>();
  for (const [path, target] of Object.entries(exports)) {
    const file = esModule(target);
    if (file?.endsWith('.js') && !path.includes('*')) {
      modules.set(`${name}${path.slice(1)}`, file.replace('./', ''));
    }
  }
  return { name, folder, modules };
}

const FILE = 'package.json';

interface Manifest {
  readonly exports?: Readonly<Record<string, Target>>;
}

type Target = string | { readonly [condition: string]: Target };

/** What an `import` in a browser gets of an entry of `exports`. */
function esModule(target: Target): string | undefined {
  if (typeof target === 'string') return target;
  for (const condition of ['browser', 'import', 'default']) {
    const chosen = target[condition];
    if (chosen !== undefined) return esModule(chosen);
  }
  return undefined;
}
