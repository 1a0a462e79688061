import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type ClipRecord,
  checkDataFolder,
  type DataRoot,
  dataRootOf,
  listFolder,
  readClipList,
  requireNothingAsked,
} from '../../data/index.js';
import type { ProbeData, ProbeSettings } from '../../run/manifest.js';
import { LacunaError } from '../../spec/index.js';

/** Clips that all have a class, and where they lie. */
export interface ProbeClips {
  readonly records: readonly ClipRecord[];
  readonly root: DataRoot;
  /** SHA-256 of the list that they were taken from. */
  readonly digest: string;
}

/** Without clips to judge by, this many of a class's clips are learned from for one that is held out. */
const LEARNED_FOR_ONE = 4;

/**
 * The clips of a probe.
 *
 * @param onNote Told, in a sentence each, what a list or a folder has that is left out.
 * @throws LacunaError for data that cannot be used.
 */
export async function probeClips(
  { data, test }: Pick<ProbeSettings, 'data' | 'test'>,
  onNote: (sentence: string) => void,
): Promise<Record<'train' | 'test', ProbeClips>> {
  const all = await readClips(data, onNote);
  if (test !== undefined) return { train: all, test: await readClips(test, onNote) };
  const seen = new Map<string, number>();
  const isHeldOut = all.records.map(({ label = '' }) => {
    const before = seen.get(label) ?? 0;
    seen.set(label, before + 1);
    return before % (LEARNED_FOR_ONE + 1) === LEARNED_FOR_ONE;
  });
  const taken = (heldOut: boolean): ProbeClips => ({
    ...all,
    records: all.records.filter((_, index) => isHeldOut[index] === heldOut),
  });
  const held = taken(true);
  if (held.records.length > 0) return { train: taken(false), test: held };
  throw new LacunaError({
    where: data.path,
    what: 'no class has so many clips that one could be held out to judge by',
    got: `${all.records.length} clips of ${seen.size} classes`,
    expected: `at least ${LEARNED_FOR_ONE + 1} clips of a class`,
    fix: 'Name clips to judge by with --test.',
  });
}

/** A list's clips, or those of a folder whose folders are the classes. */
async function readClips(
  { path, root, followLinks, ...choice }: ProbeData,
  onNote: (sentence: string) => void,
): Promise<ProbeClips> {
  const isFolder = await stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  if (isFolder) requireNothingAsked(choice, path);
  const { records, digest } = isFolder
    ? await listFolder(path, { labelsFromFolders: true, onNote, followLinks: followLinks === true })
    : await readClipList(path, onNote, choice);
  const silent = records.filter(({ label }) => label === undefined);
  if (silent.length > 0) {
    throw new LacunaError({
      where: path,
      what: `a probe learns classes, and ${silent.length} of ${records.length} clips have none`,
      got: `${silent[0]?.id} without a class`,
      expected: isFolder
        ? 'videos in folders that are named by their class'
        : 'a key "label" on each line, or a VideoMAE list (path label)',
    });
  }
  const from = dataRootOf(isFolder ? path : (root ?? dirname(path)), followLinks);
  await checkDataFolder(from, records);
  return { records, root: from, digest };
}
