import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../../core/sha256.js';
import { DEMO_VERSIONS, type DemoOptions, type DemoVersion } from './demo-options.js';
import { FRAME_COUNT, FRAME_SIDE, FRAMES_PER_SECOND } from './frame.js';

const GENERATOR = 'lacuna demo data';

/** The lists that lie beside the clips. */
export const LISTS = ['train.jsonl', 'test.jsonl', 'content.jsonl', 'boxes.jsonl'] as const;
export const CLIP_FOLDER = 'clips';
export const MANIFEST_FILE = 'manifest.json';

/** What `manifest.json` of a demo data set says. */
export interface DemoManifest {
  readonly generator: typeof GENERATOR;
  readonly version: DemoVersion;
  /** SHA-256 of generator, version, options and frame: what the data are a function of. */
  readonly digest: string;
  readonly options: Omit<Required<DemoOptions>, 'version'>;
  readonly frame: {
    readonly width: number;
    readonly height: number;
    readonly count: number;
    readonly framesPerSecond: number;
  };
  readonly clips: { readonly count: number; readonly bytes: number };
  /** SHA-256 of each list. */
  readonly lists: Readonly<Record<(typeof LISTS)[number], string>>;
}

const schema: z.ZodType<DemoManifest> = z.object({
  generator: z.literal(GENERATOR),
  version: z.literal(DEMO_VERSIONS),
  digest: z.string(),
  options: z.object({ seed: z.int(), trainClips: z.int(), testClips: z.int() }),
  frame: z.object({
    width: z.int(),
    height: z.int(),
    count: z.int(),
    framesPerSecond: z.int(),
  }),
  clips: z.object({ count: z.int(), bytes: z.int() }),
  lists: z.record(z.enum(LISTS), z.string()),
});

/** The part of a manifest that is known before anything is generated. */
export type DemoRecipe = Omit<DemoManifest, 'clips' | 'lists'>;

export function demoRecipe({ version, ...options }: Required<DemoOptions>): DemoRecipe {
  const facts = {
    generator: GENERATOR,
    version,
    options,
    frame: {
      width: FRAME_SIDE,
      height: FRAME_SIDE,
      count: FRAME_COUNT,
      framesPerSecond: FRAMES_PER_SECOND,
    },
  } as const;
  return { ...facts, digest: sha256(JSON.stringify(facts)) };
}

/** The manifest of a folder, or undefined if there is none that this generator wrote. */
export async function readManifest(folder: string): Promise<DemoManifest | undefined> {
  try {
    const file = join(folder, MANIFEST_FILE);
    if ((await stat(file)).size > 2 ** 20) return undefined;
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Whether the lists and the clips of a folder are still those that its manifest describes. */
export async function isIntact(folder: string, manifest: DemoManifest): Promise<boolean> {
  try {
    for (const list of LISTS) {
      if (sha256(await readFile(join(folder, list))) !== manifest.lists[list]) return false;
    }
    const { count, bytes } = await measureClips(folder);
    return count === manifest.clips.count && bytes === manifest.clips.bytes;
  } catch {
    return false;
  }
}

/** How many clips lie in a folder and what they take together. */
export async function measureClips(folder: string): Promise<{ count: number; bytes: number }> {
  const names = await readdir(join(folder, CLIP_FOLDER));
  let bytes = 0;
  for (const name of names) bytes += (await stat(join(folder, CLIP_FOLDER, name))).size;
  return { count: names.length, bytes };
}
