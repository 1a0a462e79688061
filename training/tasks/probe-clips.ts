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
  { data, test, label: name }: Pick<ProbeSettings, 'data' | 'test' | 'label'>,
  onNote: (sentence: string) => void,
): Promise<Record<'train' | 'test', ProbeClips>> {
  const all = await readClips(data, name, onNote);
  if (test !== undefined) return { train: all, test: await readClips(test, name, onNote) };
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

/** A list's clips, or those of a folder whose folders are the classes; where they have several classes, with the one that is named. */
async function readClips(
  { path, root, followLinks, ...choice }: ProbeData,
  name: string | undefined,
  onNote: (sentence: string) => void,
): Promise<ProbeClips> {
  const isFolder = await stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  if (isFolder) requireNothingAsked(choice, path);
  const { records: listed, digest } = isFolder
    ? await listFolder(path, { labelsFromFolders: true, onNote, followLinks: followLinks === true })
    : await readClipList(path, onNote, choice);
  const records = name === undefined ? listed : listed.map((record) => withLabel(record, name));
  requireLabels(records, name, path, isFolder);
  const from = dataRootOf(isFolder ? path : (root ?? dirname(path)), followLinks);
  await checkDataFolder(from, records);
  return { records, root: from, digest };
}

/** A clip whose class is one of those that it has. */
function withLabel({ labels = {}, label: _, ...record }: ClipRecord, name: string): ClipRecord {
  const label = Object.hasOwn(labels, name) ? labels[name] : undefined;
  return label === undefined ? record : { ...record, label };
}

/** @throws LacunaError for a clip without a class. */
function requireLabels(
  records: readonly ClipRecord[],
  name: string | undefined,
  path: string,
  isFolder: boolean,
): void {
  const silent = records.filter(({ label }) => label === undefined);
  const [first] = silent;
  if (first === undefined) return;
  const several = Object.keys(first.labels ?? {});
  throw new LacunaError({
    where: path,
    what: `a probe learns classes, and ${silent.length} of ${records.length} clips have ${name === undefined ? 'none' : `no ${name}`}`,
    got: `${first.id} without a ${name ?? 'class'}`,
    expected: isFolder
      ? 'videos in folders that are named by their class'
      : 'a key "label" on each line, or a VideoMAE list (path label)',
    ...(several.length === 0
      ? {}
      : { fix: `It has several: name one, --label ${several.join(' or --label ')}.` }),
  });
}
