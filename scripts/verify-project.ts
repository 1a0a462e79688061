import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { COMPOSITES, MASK_KINDS } from '../spec/index.js';

/** What is missing of the files and lines that CONTRIBUTING.md asks for, one sentence each. */
export function verifyProject(): readonly string[] {
  return [...composites(), ...masks(), ...losses(), ...backends()];
}

function composites(): string[] {
  const cases = textOf('conformance/families').replaceAll('-', '_');
  return [...COMPOSITES.keys()].flatMap((name) => {
    const file = `spec/program/composites/${name.replace(/_grad$/, '').replaceAll('_', '-')}.ts`;
    return [
      ...present(file, `composite ${name}`),
      ...present(`core/text/golden/${name}.txt`, `composite ${name}`),
      ...mentioned(cases, name.replace(/_grad$/, ''), `composite ${name} in conformance/families`),
    ];
  });
}

function masks(): string[] {
  const tests = readFileSync('spec/masking/draw-mask.test.ts', 'utf8');
  return Object.keys(MASK_KINDS).flatMap((name) => [
    ...present(`spec/masking/${name.replace(/-bottom$/, '')}.ts`, `mask ${name}`),
    ...mentioned(tests, name, `mask ${name} in spec/masking/draw-mask.test.ts`),
  ]);
}

function losses(): string[] {
  const files = sources('spec/objectives').filter((file) => file !== 'index.ts');
  const index = readFileSync('spec/objectives/index.ts', 'utf8');
  return files.flatMap((file) => [
    ...present(`reference/closed-forms/${file}`, `loss ${file}`),
    ...mentioned(index, file.replace('.ts', '.js'), `loss ${file} in spec/objectives/index.ts`),
  ]);
}

function backends(): string[] {
  const registry = readFileSync('backends/registry.ts', 'utf8');
  return folders('backends').flatMap((name) => [
    ...present(`backends/${name}/index.ts`, `backend ${name}`),
    ...present(`backends/${name}/README.md`, `backend ${name}`),
    ...present(`backends/${name}/conformance.test.ts`, `backend ${name}`),
    ...mentioned(registry, `./${name}/`, `backend ${name} in backends/registry.ts`),
  ]);
}

function folders(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function sources(folder: string): string[] {
  return readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
}

function textOf(folder: string): string {
  return sources(folder)
    .map((file) => readFileSync(`${folder}/${file}`, 'utf8'))
    .join('\n');
}

function present(file: string, what: string): string[] {
  return existsSync(file) ? [] : [`${what}: ${file} is missing`];
}

function mentioned(text: string, word: string, what: string): string[] {
  return text.toLowerCase().includes(word.toLowerCase()) ? [] : [`${what} is missing`];
}
