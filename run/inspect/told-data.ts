import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { INDEX_FILE, RECIPE_FILE } from '../../data/shards/shard-recipe.js';
import { readPlainFile } from '../../formats/index.js';
import { LacunaError } from '../../spec/index.js';
import { MANIFEST } from '../read-manifest.js';
import type { Inspection } from './inspection.js';
import { factsOf, plainFiles } from './parts.js';

/** No index of videos is larger. */
const MAX_BYTES = 2 ** 28;

/** What a folder of WebDataset shards holds. The tars are counted, not read; the index has the digest of each clip. */
export async function inspectShards(folder: string, names: readonly string[]): Promise<Inspection> {
  const tars = names.filter((name) => name.endsWith('.tar'));
  const sizes = await Promise.all(tars.map(async (name) => (await stat(join(folder, name))).size));
  const recipe = names.includes(RECIPE_FILE) ? await object(join(folder, RECIPE_FILE)) : {};
  const read = [INDEX_FILE, RECIPE_FILE].filter((name) => names.includes(name));
  return {
    ...(await plainFiles(folder, 'shards of clips', read)),
    facts: {
      shards: tars.length,
      'bytes of shards': sizes.reduce((sum, size) => sum + size, 0),
      ...factsOf(recipe),
    },
  };
}

/** What an index of videos holds, without its vectors. */
export async function inspectVideoIndex(folder: string): Promise<Inspection> {
  const { videos, ...facts } = await object(join(folder, 'index.json'));
  return {
    ...(await plainFiles(folder, 'an index of videos', ['index.json'])),
    facts: { videos: Array.isArray(videos) ? videos.length : 0, ...factsOf(facts) },
  };
}

/** What a folder of similarity maps holds: how they were made. */
export async function inspectMaps(folder: string): Promise<Inspection> {
  const { recipe } = await object(join(folder, MANIFEST));
  const { teacher, ...facts } = isObject(recipe) ? recipe : {};
  const entries = await readdir(join(folder, 'maps'), { recursive: true });
  return {
    ...(await plainFiles(folder, 'similarity maps', [MANIFEST])),
    facts: {
      videos: entries.filter((name) => name.endsWith('.maps')).length,
      ...factsOf(facts),
      ...(isObject(teacher) ? { teacher: String(teacher.name).slice(0, 400) } : {}),
    },
  };
}

/** What a sweep has come to: its rows, and how many of their runs are judged. */
export async function inspectSweep(folder: string): Promise<Inspection> {
  const { title, seeds, rows } = await object(join(folder, 'table.json'));
  const told = (Array.isArray(rows) ? rows : []).filter(isObject).map(({ name, cells }) => {
    const done = Array.isArray(cells) ? cells.length : 0;
    return [`row ${String(name)}`, `${done} of ${Array.isArray(seeds) ? seeds.length : 0} seeds`];
  });
  return {
    ...(await plainFiles(folder, 'a sweep of Lacuna', ['table.json', 'table.md'])),
    facts: factsOf({ title, ...Object.fromEntries(told) }),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object in a JSON file. @throws LacunaError for anything else. */
async function object(path: string): Promise<Readonly<Record<string, unknown>>> {
  const text = (await readPlainFile(path, MAX_BYTES)).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
    throw new Error('it is no object');
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new LacunaError({ where: path, what: 'this file is damaged', got }, { cause });
  }
}
