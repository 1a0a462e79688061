import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LacunaError } from '../../spec/errors.js';
import { captionFiles, captionsOfFile } from './captions-beside.js';
import { ClipListBuilder } from './clip-list-builder.js';
import type { ClipList } from './clip-record.js';
import { MAX_LABEL_LENGTH } from './limits.js';
import { usableCaptions, videoPath } from './record-fields.js';

/** The videos of a folder and those below it. */
export interface VideoFolder extends ClipList {
  /** Entries that were left out, by reason; hidden ones are not counted. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** Endings of the names of files that are taken for videos. */
const ENDINGS =
  /\.(?:mp4|m4v|mov|mkv|webm|avi|flv|gif|mpg|mpeg|ts|m2ts|mts|ogv|ogg|wmv|asf|3gp|3g2)$/i;
/** Endings of still pictures. */
const PICTURES = /\.(?:png|jpe?g|webp)$/i;
const DEEPEST = 32;

/** Whether a file is taken for a still picture by its name. */
export function isPictureName(name: string): boolean {
  return PICTURES.test(name);
}

/** Whether a file is taken for a video by its name. */
export function isVideoName(name: string): boolean {
  return ENDINGS.test(name);
}

export interface ListFolderOptions {
  /** Whether a video's label is the name of the folder that it lies in (not of `root` itself). */
  readonly labelsFromFolders?: boolean;
  /** Whether links are followed, to files and to folders, each folder once. @defaultValue false */
  readonly followLinks?: boolean;
  /** Whether still pictures are taken, too. @defaultValue false */
  readonly pictures?: boolean;
  /**
   * Whether the captions of a video are read from files beside it, called as it is: `a.txt`, a caption a
   * line, or `a.json`, with `caption` or `captions`. @defaultValue false
   */
  readonly captionsBeside?: boolean;
  /** Told, in a sentence, what was left out. */
  readonly onNote?: (sentence: string) => void;
}

/**
 * The videos of a folder and of all folders below it, by the endings of their names, in the order of
 * their paths. Links are not followed unless that is asked for; hidden files (.name) are passed over.
 * @throws LacunaError when the folder cannot be read or holds no video.
 */
export async function listFolder(
  root: string,
  {
    labelsFromFolders = false,
    followLinks = false,
    pictures = false,
    captionsBeside = false,
    onNote,
  }: ListFolderOptions = {},
): Promise<VideoFolder> {
  const leftOut = new Map<string, number>();
  const leave = (reason: string): void => {
    leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
  };
  const isTaken = (name: string): boolean => isVideoName(name) || (pictures && PICTURES.test(name));
  const builder = new ClipListBuilder(root, 'a folder of videos');
  let found = 0;
  let beside = 0;
  const listed = new Set<string>();
  const walk = async (folder: string, depth: number): Promise<void> => {
    if (depth > DEEPEST) return leave(`deeper than ${DEEPEST} folders`);
    if (followLinks) {
      const real = await realpath(join(root, folder)).catch(() => join(root, folder));
      if (listed.has(real)) return leave('a folder that another way leads to');
      listed.add(real);
    }
    const all = await entries(join(root, folder), depth === 0);
    const files = captionFiles(captionsBeside ? all.map(({ name }) => name) : [], isTaken);
    const isCaption = new Set(files.values());
    beside += files.size;
    for (const entry of all) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const facts = entry.isSymbolicLink() && followLinks ? await target(join(root, path)) : entry;
      if (facts === undefined) leave('a link that leads nowhere');
      else if (facts.isSymbolicLink()) leave('a link, which --follow-links would follow');
      else if (facts.isDirectory()) await walk(path, depth + 1);
      else if (facts.isFile() && isCaption.has(entry.name)) continue;
      else if (!facts.isFile() || !isTaken(entry.name)) leave('not named as a video');
      else if (path.includes('\ufffd')) leave('a name that is not UTF-8');
      else if (!isUsable(path)) leave('a name that a list cannot hold');
      else {
        const label = folder.split('/').at(-1) ?? '';
        const labelled = labelsFromFolders && label !== '' && label.length <= MAX_LABEL_LENGTH;
        const record = { video: path, ...(labelled ? { label } : {}) };
        const captions = await captionsOfFile(join(root, path), files);
        builder.line(() => builder.addCaptioned(path, record, usableCaptions(path, captions)));
        found += 1;
      }
    }
    return undefined;
  };
  await walk('', 0);
  if (found === 0) {
    throw new LacunaError({
      what: 'the folder holds no videos',
      where: root,
      ...(leftOut.size === 0 ? {} : { got: describe(leftOut) }),
      expected: 'files like NAME.mp4, in it or in folders below it',
    });
  }
  if (beside > 0) onNote?.(`${root}: captions of ${beside} videos lie beside them.`);
  if (leftOut.size > 0) onNote?.(`${root}: passed over ${describe(leftOut)}.`);
  return { ...builder.build(), leftOut };
}

/** What a link leads to; undefined where it leads nowhere. */
async function target(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}

function describe(leftOut: ReadonlyMap<string, number>): string {
  return [...leftOut].map(([reason, count]) => `${count} (${reason})`).join(', ');
}

/** The entries that are not hidden, in the order of the code units of their names. */
async function entries(folder: string, isRoot: boolean): Promise<readonly Dirent[]> {
  try {
    const all = await readdir(folder, { withFileTypes: true });
    return all
      .filter(({ name }) => !name.startsWith('.'))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  } catch (error) {
    throw new LacunaError(
      {
        what: isRoot ? 'the folder cannot be read' : 'a folder below the given one cannot be read',
        where: folder,
        got: error instanceof Error ? error.message : String(error),
      },
      { cause: error },
    );
  }
}

/** Whether a list that names the file so is read back as it is. */
function isUsable(path: string): boolean {
  try {
    return videoPath(path, path) === path && path.trim() === path && !/\p{Cs}/u.test(path);
  } catch {
    return false;
  }
}
