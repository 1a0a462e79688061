import type { z } from 'zod';
import { LacunaError } from '../../spec/errors.js';
import type { RunConfig } from './config.js';
import { CONFIG_SCHEMA, configJsonSchema } from './config-schema.js';
import { editDistance, nearest } from './edit-distance.js';

type Issue = z.core.$ZodIssue;

/**
 * Checks a configuration that a person wrote. A key `$schema` is for editors and ignored.
 *
 * @param origin The file that it is from, for messages.
 * @throws LacunaError naming the key, what it holds, what is expected and how to mend it; for an
 * unknown key the nearest known one.
 */
export function parseConfig(value: unknown, origin?: string): RunConfig {
  const checked = CONFIG_SCHEMA.safeParse(withoutSchemaKey(value), { reportInput: true });
  if (checked.success) return checked.data;
  const [first, ...others] = checked.error.issues;
  const { where, fix, ...facts } = explain(first as Issue);
  const more =
    others.length === 0 ? [] : [`Wrong as well: ${others.slice(0, 5).map(keyOf).join(', ')}.`];
  const sentences = [...(fix === undefined ? [] : [fix]), ...more];
  throw new LacunaError({
    ...facts,
    where: origin === undefined ? where : `${origin}: ${where}`,
    ...(sentences.length === 0 ? {} : { fix: sentences.join(' ') }),
  });
}

/**
 * A configuration in which the value at a key path (`encoder.depth`) is replaced: what a flag
 * `--set encoder.depth=6` means. The text is read as JSON where it is JSON, and else as a string.
 *
 * @throws LacunaError for a path that names no key.
 */
export function withValue(
  config: Readonly<Record<string, unknown>>,
  keyPath: string,
  text: string,
): Record<string, unknown> {
  const known = keyPaths();
  if (!known.has(keyPath)) {
    throw unknownKey(keyPath, known);
  }
  const set = (target: unknown, [key, ...rest]: readonly string[]): Record<string, unknown> => {
    const inner = isObject(target) ? target : {};
    if (key === undefined) return inner;
    return { ...inner, [key]: rest.length === 0 ? parsed(text) : set(inner[key], rest) };
  };
  return set(config, keyPath.split('.'));
}

interface Explanation {
  readonly where: string;
  readonly what: string;
  readonly got?: string;
  readonly expected?: string;
  readonly fix?: string;
}

function explain(issue: Issue): Explanation {
  const where = keyOf(issue);
  if (issue.code === 'unrecognized_keys') {
    const { facts } = unknownKey(where, keyPaths());
    return { ...facts, where };
  }
  if (issue.input === undefined && issue.code === 'invalid_type') {
    return { where, what: 'this key is missing', expected: described(issue) };
  }
  return {
    where,
    what: 'this value cannot be used',
    got: shown(issue.input),
    expected: described(issue),
  };
}

function described(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return withArticle(issue.expected === 'int' ? 'integer' : issue.expected);
    case 'too_small':
      if (issue.origin === 'string') return 'a text that is not empty';
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string') return `at most ${issue.maximum} characters`;
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options)
        ? `one of ${issue.options.map(String).join(', ')}`
        : issue.message;
    default:
      return issue.message;
  }
}

function keyOf(issue: Issue): string {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') path.push(String(issue.keys[0]));
  return path.length === 0 ? 'the configuration' : path.join('.');
}

function unknownKey(path: string, known: ReadonlySet<string>): LacunaError {
  const parts = path.split('.');
  const name = parts.at(-1) ?? '';
  const parent = parts.slice(0, -1).join('.');
  const siblings = [...known].filter((key) => key.split('.').slice(0, -1).join('.') === parent);
  const near = nearest(
    name,
    siblings.map((key) => key.split('.').at(-1) ?? ''),
  );
  const sibling = near === undefined ? undefined : parent === '' ? near : `${parent}.${near}`;
  const suggestion = sibling ?? elsewhere(name, known);
  return new LacunaError({
    what: 'there is no such key',
    where: path,
    fix:
      suggestion === undefined
        ? `Known here: ${siblings.map((key) => key.split('.').at(-1)).join(', ') || 'none'}.`
        : `Did you mean "${suggestion}"?`,
  });
}

/** A key of another section with a very similar name. */
function elsewhere(name: string, known: ReadonlySet<string>): string | undefined {
  const distances = [...known].map((key) => ({
    key,
    distance: editDistance(name.toLowerCase(), (key.split('.').at(-1) ?? '').toLowerCase()),
  }));
  distances.sort((a, b) => a.distance - b.distance);
  const [best] = distances;
  return best !== undefined && best.distance <= 2 ? best.key : undefined;
}

/** Every key path of the schema, sections included. */
function keyPaths(): ReadonlySet<string> {
  const paths = new Set<string>();
  const visit = (schema: unknown, prefix: string): void => {
    if (!isObject(schema)) return;
    if (isObject(schema.properties)) {
      for (const [key, inner] of Object.entries(schema.properties)) {
        paths.add(`${prefix}${key}`);
        visit(inner, `${prefix}${key}.`);
      }
    }
    for (const option of [schema.oneOf, schema.anyOf]) {
      if (Array.isArray(option)) for (const inner of option) visit(inner, prefix);
    }
  };
  visit(configJsonSchema(), '');
  return paths;
}

function withoutSchemaKey(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { $schema, ...rest } = value;
  return rest;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
