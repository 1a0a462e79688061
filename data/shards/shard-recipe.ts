import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readPlainFile } from '../../formats/plain-file.js';
import { sealJson, unsealJson } from '../../formats/sealed-json.js';
import { replaceFile } from '../../formats/whole-file.js';
import { LacunaError } from '../../spec/errors.js';
import { MAX_RATE, MIN_RATE } from '../video/limits.js';

/** How the frames of a clip lie in shards, where each is a picture of its own. */
export const PICTURE_FORMATS = ['jpeg', 'png'] as const;
export type PictureFormat = (typeof PICTURE_FORMATS)[number];
/** How clips lie in shards: encoded again, with the bytes that they have, or as pictures. */
export const SHARD_CONTENTS = ['video', 'copy'] as const;
export type ShardContent = (typeof SHARD_CONTENTS)[number] | PictureFormat;

/** What shards are made of, and how. Equal recipes make equal samples. */
export interface ShardRecipe {
  /** SHA-256 of the list's records. */
  readonly list: string;
  /** Records of the list. */
  readonly clips: number;
  readonly clipsPerShard: number;
  readonly content: ShardContent;
  /** Of what is encoded: pixels of the shorter side; smaller clips stay as they are. */
  readonly size: number;
  /** Of `video`: x264's constant rate factor. Of `jpeg`: the quantiser, 2 to 31. */
  readonly quality: number;
  /** Of what is encoded: the most frames a second; of faster clips some are left out. @defaultValue all are kept */
  readonly rate?: number;
}

const RECIPE: z.ZodType<ShardRecipe> = z.strictObject({
  list: z.string().regex(/^[0-9a-f]{64}$/),
  clips: z.int().min(1),
  clipsPerShard: z.int().min(1),
  content: z.enum([...SHARD_CONTENTS, ...PICTURE_FORMATS]),
  size: z.int().min(2),
  quality: z.int().min(0),
  rate: z.number().min(MIN_RATE).max(MAX_RATE).exactOptional(),
});

/** The file of a folder of shards that says what they are made of. */
export const RECIPE_FILE = 'shards.json';
/** The list of all samples, with where they lie. */
export const INDEX_FILE = 'index.jsonl';
/** Of the process that makes the shards. */
export const LOCK_FILE = 'lock';
const MAX_RECIPE_BYTES = 2 ** 16;
const DIGITS = 6;

/** `shard-000012.tar`. */
export function shardName(number: number): string {
  return `shard-${String(number).padStart(DIGITS, '0')}.tar`;
}

/** How many shards a recipe makes. */
export function shardCount({ clips, clipsPerShard }: ShardRecipe): number {
  return Math.ceil(clips / clipsPerShard);
}

/**
 * Says in a folder what its shards are made of, or finds there that they are made of just this.
 *
 * @throws LacunaError for a folder with shards of another recipe, or with tars of somebody else.
 */
export async function claimFolder(folder: string, recipe: ShardRecipe): Promise<void> {
  const path = join(folder, RECIPE_FILE);
  if ((await lstat(path).catch(() => undefined)) === undefined) {
    const tar = (await readdir(folder)).find((name) => name.endsWith('.tar'));
    if (tar !== undefined) {
      throw new LacunaError({
        where: folder,
        what: 'there are tars already, and nothing says what they are made of',
        got: tar,
        fix: 'Choose another folder; or, to read these, make an index: lacuna shard FOLDER --index',
      });
    }
    return replaceFile(path, sealJson(recipe));
  }
  const known = await readRecipe(path);
  const keys = new Set(Object.keys({ ...known, ...recipe }) as (keyof ShardRecipe)[]);
  const differs = [...keys].filter((key) => known[key] !== recipe[key]);
  if (differs.length === 0) return;
  throw new LacunaError({
    where: folder,
    what: 'there are shards already, made of another list or in another way',
    got: differs.map((key) => `${key} ${short(known[key])}`).join(', '),
    expected: differs.map((key) => `${key} ${short(recipe[key])}`).join(', '),
    fix: 'Choose another folder, or remove this one.',
  });
}

async function readRecipe(path: string): Promise<ShardRecipe> {
  try {
    return RECIPE.parse(unsealJson((await readPlainFile(path, MAX_RECIPE_BYTES)).toString('utf8')));
  } catch (cause) {
    if (cause instanceof LacunaError) throw cause;
    const got = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new LacunaError(
      {
        where: path,
        what: 'this does not say what the shards are made of',
        got: got.slice(0, 200),
      },
      { cause },
    );
  }
}

function short(value: string | number | undefined): string {
  return String(value ?? 'none').slice(0, 12);
}
