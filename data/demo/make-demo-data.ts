import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { sha256 } from '../../core/sha256.js';
import { replaceFolder } from '../../formats/whole-folder.js';
import {
  CLIP_FOLDER,
  type DemoRecipe,
  demoRecipe,
  isIntact,
  LISTS,
  MANIFEST_FILE,
  measureClips,
  readManifest,
} from './demo-manifest.js';
import { completeOptions, type DemoOptions } from './demo-options.js';
import { plannedClips } from './demo-version.js';
import { type ClipEncoder, loadClipEncoder } from './encode-clip.js';

/** Where a demo data set lies. The `video` of each list entry is relative to `folder`. */
export interface DemoData {
  readonly folder: string;
  /** The list of clips to train on: `video`, `captions`, `label` (what the main object does). */
  readonly trainList: string;
  /** The list of held-out clips. */
  readonly testList: string;
  /** Of every clip: its split and its `DemoContent`, or `SceneContent` in version 2. */
  readonly contentList: string;
  /** Of every clip: the main object's `boxes` and area `shares` by frame (see `RenderedClip`). */
  readonly boxList: string;
  /** Whether an earlier run had made it. */
  readonly reused: boolean;
}

/**
 * Makes the demo data set in `folder`: short mp4 clips of moving and changing shapes with three
 * captions each. Clips, captions and splits are functions of the options alone; the held-out
 * contents are those of `testContents`, or `testScenes` in version 2, whose scenes are textured, before a camera that moves,
 * with several objects.
 *
 * The folder appears when everything is written, and not before. Intact data of the same options
 * are reused; other demo data there are replaced.
 *
 * @param onProgress is called with the number of clips made and of all clips.
 * @throws LacunaError if an option is out of bounds, `node-av` is missing, or `folder` holds
 * something else than demo data.
 */
export async function makeDemoData(
  folder: string,
  options: DemoOptions = {},
  onProgress?: (done: number, total: number) => void,
): Promise<DemoData> {
  const recipe = demoRecipe(completeOptions(options));
  const data = {
    folder,
    trainList: join(folder, 'train.jsonl'),
    testList: join(folder, 'test.jsonl'),
    contentList: join(folder, 'content.jsonl'),
    boxList: join(folder, 'boxes.jsonl'),
  };
  const manifest = await readManifest(folder);
  if (manifest?.digest === recipe.digest && (await isIntact(folder, manifest))) {
    return { ...data, reused: true };
  }
  const encode = await loadClipEncoder();
  await replaceFolder(folder, 'the demo data', manifest !== undefined, (partial) =>
    fill(partial, recipe, encode, onProgress),
  );
  return { ...data, reused: false };
}

async function fill(
  folder: string,
  recipe: DemoRecipe,
  encode: ClipEncoder,
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  await mkdir(join(folder, CLIP_FOLDER));
  const clips = plannedClips({ ...recipe.options, version: recipe.version });
  const lines: Record<(typeof LISTS)[number], string[]> = {
    'train.jsonl': [],
    'test.jsonl': [],
    'content.jsonl': [],
    'boxes.jsonl': [],
  };
  for (const [done, clip] of clips.entries()) {
    const { video, address } = clip;
    const { split } = address;
    const { frames, boxes, shares } = clip.render();
    encode(join(folder, video), frames);
    lines[`${split}.jsonl`].push(clip.line());
    lines['content.jsonl'].push(JSON.stringify({ video, split, ...clip.content }));
    const rounded = shares.map((share) => Math.round(share * 1e6) / 1e6);
    lines['boxes.jsonl'].push(JSON.stringify({ video, boxes, shares: rounded }));
    onProgress?.(done + 1, clips.length);
    // Lets timers and signals through: encoding itself never waits.
    await setImmediate();
  }
  const lists: Partial<Record<(typeof LISTS)[number], string>> = {};
  for (const list of LISTS) {
    const text = `${lines[list].join('\n')}\n`;
    await writeFile(join(folder, list), text);
    lists[list] = sha256(text);
  }
  const manifest = { ...recipe, clips: await measureClips(folder), lists };
  await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
}
