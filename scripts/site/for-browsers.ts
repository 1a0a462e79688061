import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Plugin } from 'esbuild';
import { FROZEN_FILES } from '../../conformance/vectors/frozen-files.js';

/** Modules that are others in a browser: texts lie in files, which it cannot read, and nothing in it decodes videos. */
const OTHERS: Readonly<Record<string, string>> = {
  'conformance/vectors/frozen-files.ts': `export const FROZEN_FILES = ${JSON.stringify(FROZEN_FILES)};\n`,
  'data/video/drawn-alone.ts': 'export const DRAWN_ALONE = true;\n',
};
/** Packages that are for Node alone; whoever asks for one takes another way, as where it is not installed. */
const NODE_PACKAGES = /^(node-av|onnxruntime-node|webgpu)(\/|$)/;

/**
 * Takes for a module of Node the small one in `site/node` that does in a browser what is used of it:
 * `site/node/fs-promises.ts` for `node:fs/promises`. Where there is none, the error says by which imports it came in.
 */
export function forBrowsers(root: string): Plugin {
  return {
    name: 'for browsers',
    setup: ({ onResolve, onLoad }) => {
      /** Who first imported each file. */
      const importers = new Map<string, string>();
      const chain = (path: string): string => {
        const names: string[] = [];
        for (let at: string | undefined = path; at !== undefined && at !== ''; ) {
          names.push(relative(root, at));
          at = importers.get(at);
        }
        return names.join('\n  imported by ');
      };
      onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ path, importer, resolveDir }) => {
        const file = join(resolveDir, path).replace(/\.js$/, '.ts');
        if (!existsSync(file)) return undefined;
        if (!importers.has(file)) importers.set(file, importer);
        return { path: file };
      });
      onResolve({ filter: /^node:/ }, ({ path, importer }) => {
        const own = `site/node/${path.slice('node:'.length).replaceAll('/', '-')}.ts`;
        if (existsSync(join(root, own))) return { path: join(root, own) };
        const text = `browsers have no ${path}, and there is no ${own}\n  imported by ${chain(importer)}`;
        return { errors: [{ text }] };
      });
      onResolve({ filter: NODE_PACKAGES }, () => ({ path: join(root, 'site/node/package.ts') }));
      onLoad({ filter: /\/(frozen-files|drawn-alone)\.ts$/ }, ({ path }) => {
        const contents = OTHERS[relative(root, path).replaceAll('\\', '/')];
        return contents === undefined ? undefined : { contents };
      });
    },
  };
}
