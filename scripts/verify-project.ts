import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { COMPOSITES, isElementwiseName, PRIMITIVE_NAMES } from '../spec/index.js';
import { camel } from './scaffold/walk.js';

/** What is missing of the files and lines that CONTRIBUTING.md asks for, one sentence each. */
export function verifyProject(): readonly string[] {
  return [...primitives(), ...composites(), ...masks(), ...losses(), ...backends(), ...rooms()];
}

/** Folders that begin with what lives in them, in the comment of a file or in a README. */
const ROOMS = {
  spec: 'index.ts',
  core: 'index.ts',
  formats: 'index.ts',
  protocol: 'index.ts',
  reference: 'index.ts',
  backends: 'registry.ts',
  conformance: 'index.ts',
  data: 'index.ts',
  run: 'index.ts',
  teacher: 'index.ts',
  evaluation: 'index.ts',
  training: 'index.ts',
  cli: 'main.ts',
  bench: 'README.md',
  scripts: 'README.md',
} as const;

function rooms(): string[] {
  return Object.entries(ROOMS).flatMap(([room, file]) => {
    const path = `${room}/${file}`;
    const isSaid = existsSync(path) && /\/\*\*\n|^# /.test(readFileSync(path, 'utf8'));
    return isSaid ? [] : [`${path}: missing: what lives in ${room}/, what may come in, what not`];
  });
}

/** What the compiler does not ask for when the table of facts has a new entry. */
function primitives(): string[] {
  const [functions, xla, numpy, torch, specification, sizes, proof] = [
    'spec/program/elementwise.ts',
    'backends/xla/python/lacuna_xla/primitives.py',
    'ports/python/lacuna_port/interpreter.py',
    'ports/pytorch/lacuna_torch/programs.py',
    'docs/specification.md',
    'docs/sizes.md',
    'conformance/mutants/kills.json',
  ].map((file) => [file, readFileSync(file, 'utf8')] as const) as [
    Read,
    Read,
    Read,
    Read,
    Read,
    Read,
    Read,
  ];
  const wanted = (name: string): readonly (readonly [Read, string, string])[] => [
    [xla, `"${name}":`, 'its line among the primitives'],
    [numpy, `"${name}":`, 'its line in PRIMITIVES'],
    [torch, `"${name}":`, 'its line in PRIMITIVES'],
    [specification, `### op.${name}\n`, 'npx tsx scripts/specification.ts'],
    [sizes, `\`primitive/${name}`, 'npx tsx scripts/sizes.ts'],
    [proof, `"op.${name}"`, 'npx tsx scripts/prove-suite.ts, which writes docs/proof.md, too'],
  ];
  return PRIMITIVE_NAMES.flatMap((name) => {
    const built = new RegExp(
      `export (const|function) ${name === 'is_finite' ? 'finite' : camel(name.replaceAll('_', '-'))}\\b`,
    );
    const isBuilt = !isElementwiseName(name) || built.test(functions[1]);
    return [
      ...(isBuilt
        ? []
        : [`primitive ${name}: ${functions[0]}: the function that builds it is missing`]),
      ...wanted(name)
        .filter(([[, text], word]) => !text.includes(word))
        .map(([[file], , what]) => `primitive ${name}: ${file}: missing: ${what}`),
    ];
  });
}

type Read = readonly [file: string, text: string];

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
  const list = 'spec/masking/all-kinds.ts';
  const listed = readFileSync(list, 'utf8');
  return sources('spec/masking')
    .filter((file) => /^export const \w+: MaskKind =/m.test(textOfFile('spec/masking', file)))
    .flatMap((file) => mentioned(listed, `./${module(file)}`, `mask ${file}: its line in ${list}`));
}

function losses(): string[] {
  const list = 'spec/objectives/all-reconstruction-losses.ts';
  const listed = readFileSync(list, 'utf8');
  const index = readFileSync('spec/objectives/index.ts', 'utf8');
  const lists = ['index.ts', 'all-reconstruction-losses.ts', 'reconstruction-losses.ts'];
  return sources('spec/objectives')
    .filter((file) => !lists.includes(file))
    .flatMap((file) => [
      ...present(`reference/closed-forms/${file}`, `loss ${file}`),
      ...mentioned(listed + index, `./${module(file)}`, `loss ${file}: its line in ${list}`),
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
    .map((file) => textOfFile(folder, file))
    .join('\n');
}

function textOfFile(folder: string, file: string): string {
  return readFileSync(`${folder}/${file}`, 'utf8');
}

function module(file: string): string {
  return file.replace(/ts$/, 'js');
}

function present(file: string, what: string): string[] {
  return existsSync(file) ? [] : [`${what}: ${file} is missing`];
}

function mentioned(text: string, word: string, what: string): string[] {
  return text.toLowerCase().includes(word.toLowerCase()) ? [] : [`${what} is missing`];
}
