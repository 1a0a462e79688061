import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..', '..');
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ES2022,
  verbatimModuleSyntax: true,
};
const FOLDERS = ['spec', 'core', 'protocol', 'reference', 'conformance', 'backends/webgpu', 'cli'];

/** Takes the types off the sources, so that the page runs as it is now and not as it was built. */
export function compilePage(target: string): void {
  for (const folder of FOLDERS) {
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })) {
      if (!entry.isFile() || !/(?<!\.test|\.d)\.ts$/.test(entry.name)) continue;
      const fileName = join(entry.parentPath, entry.name);
      const source = readFileSync(fileName, 'utf8');
      const { outputText } = ts.transpileModule(source, { fileName, compilerOptions: OPTIONS });
      const output = join(target, relative(ROOT, fileName).replace(/\.ts$/, '.js'));
      mkdirSync(dirname(output), { recursive: true });
      writeFileSync(output, outputText);
    }
  }
}
