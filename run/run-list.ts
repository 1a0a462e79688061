import { dirname } from 'node:path';
import {
  type ClipList,
  type ClipRecord,
  type ClipSource,
  type DataRoot,
  dataRootOf,
  readClipList,
} from '../data/index.js';
import { LacunaError, MASK_KINDS, sampleWord } from '../spec/index.js';
import type { DataDigest } from './manifest.js';
import { capabilitiesOf } from './settings/capabilities.js';
import type { RunSettings } from './settings/config.js';
import type { ListConfig } from './settings/list.js';

/**
 * A list that a manifest names.
 *
 * @param expected The digest that the manifest has of it: what is another list, or none, is not told
 * of by what it holds, since a stranger may have named it.
 * @param onNote Told, in a sentence each, what the list says that is left out.
 * @throws LacunaError where it cannot be read, or is another.
 */
export async function readNamedList(
  named: ListConfig,
  expected: string | undefined,
  onNote: (sentence: string) => void,
): Promise<ClipList> {
  const { list: path } = named;
  if (expected === undefined) return readClipList(path, onNote, named);
  const list = await readClipList(path, onNote, named).catch((error: unknown) => {
    if (!(error instanceof LacunaError)) throw error;
    const { what, where } = error.facts;
    throw otherList(
      path,
      `${where === undefined || where === path ? '' : `${where}: `}${what}`,
      expected,
    );
  });
  if (list.digest === expected) return list;
  throw otherList(path, `digest ${list.digest.slice(0, 12)}`, expected);
}

function otherList(path: string, got: string, expected: string): LacunaError {
  return new LacunaError({
    where: path,
    what: 'the data of this run have changed since it began',
    got,
    expected: expected.slice(0, 12),
    fix: 'Restore the list, name the place where it lies now, or begin a new run.',
  });
}

/**
 * The list of a run's clips. A clip that lost all its captions because none can be used is left out
 * where captions are needed.
 *
 * @param onNote Told, in a sentence each, what the list says that is left out.
 * @param expected The digest of the list that the run began with, where it goes on.
 * @throws LacunaError where there is nothing to learn from, or the list is another.
 */
export async function readRunList(
  settings: RunSettings,
  onNote: (sentence: string) => void,
  expected?: string,
): Promise<ClipList> {
  const list = await readNamedList(settings.data, expected, onNote);
  const guided = MASK_KINDS[settings.mask.kind].map === 'similarity';
  const { aligns } = capabilitiesOf(settings);
  if (!aligns && !guided) return list;
  const { first: bad } = list.badCaptions;
  const records = list.records.filter(({ id, captions }) => captions.length > 0 || !bad.has(id));
  const silent = records.filter(({ captions }) => captions.length === 0);
  if (silent.length > 0) {
    throw new LacunaError({
      where: settings.data.list,
      what: `${guided ? `the mask ${settings.mask.kind}` : `the objective ${settings.objective}`} needs captions, but ${silent.length} of ${records.length} clips have none`,
      got: `${silent[0]?.id} without a caption`,
      fix: `Add captions, remove these clips, or choose ${guided ? 'another mask' : 'the objective mae'}.`,
    });
  }
  if (aligns && list.distinctCaptions < 2) {
    throw new LacunaError({
      where: settings.data.list,
      what: 'all clips have the same caption, so there is nothing to tell apart',
      fix: 'Describe what is different in each clip, or choose the objective mae.',
    });
  }
  const shared = aligns ? clipsWithSharedCaptions(records) : 0;
  if (shared > 0) {
    const isPositive = settings.contrastive.equalCaptions === 'positives';
    onNote(
      `${shared} of ${records.length} clips share a caption with another clip. Where such clips meet in a batch (the metric equal_captions counts them), ` +
        (isPositive
          ? 'they are positives of each other.'
          : 'each is a negative of the other; contrastive.equalCaptions=positives makes them positives, which tells where their words are masked differently.'),
    );
  }
  return { ...list, records };
}

/** The lists whose clips a run, or a stage of it, is trained on. */
export interface RunLists {
  /** The clips of all of them, as of one list; the digest is that of the first. */
  readonly list: ClipList;
  /** Each with its folder and its weight, the run's own first. */
  readonly sources: readonly ClipSource[];
  /** What the manifest says of each. */
  readonly data: DataDigest;
}

/**
 * The list of a run with those that share its batches: see `readRunList`.
 *
 * @param expected What the manifest says of them, where the run goes on.
 * @throws LacunaError also for two clips of one name, which would get the same random draws.
 */
export async function readRunLists(
  settings: RunSettings,
  onNote: (sentence: string) => void,
  expected?: DataDigest,
): Promise<RunLists> {
  const { data } = settings;
  const { others = [], mixing: _, ...own } = data;
  const lists: ClipList[] = [];
  const sources: ClipSource[] = [];
  for (const [index, source] of [own, ...others].entries()) {
    const { list, root, weight = 1 } = source;
    // A list that a manifest names and has no digest of is a stranger's: none fits it.
    const held = index === 0 ? expected : (expected?.others?.[index - 1] ?? { digest: '' });
    const digest = expected === undefined ? undefined : held?.digest;
    const named = { ...settings, data: source };
    const read = await readRunList(named, onNote, digest);
    const folder = dataRootOf(root ?? dirname(list), data.followLinks);
    lists.push(read);
    sources.push({ root: folder, records: read.records, weight });
  }
  const [first, ...rest] = lists as [ClipList, ...ClipList[]];
  const digests = rest.map(({ records, digest }) => ({ clips: records.length, digest }));
  return {
    list: rest.reduce(joined, first),
    sources,
    data: {
      clips: first.records.length,
      digest: first.digest,
      ...(digests.length === 0 ? {} : { others: digests }),
    },
  };
}

/** Two lists as one. @throws LacunaError for a clip that is in both. */
function joined(a: ClipList, b: ClipList): ClipList {
  const words = new Map(a.records.map(({ id }) => [sampleWord(id), id]));
  const twice = b.records.find(({ id }) => words.has(sampleWord(id)));
  if (twice !== undefined) {
    throw new LacunaError({
      where: 'data.others',
      what: 'two lists of a run have clips of one name, which would get the same random draws',
      got: `${twice.id}, beside ${words.get(sampleWord(twice.id))}`,
      fix: 'Name one of their folders in the paths: "root" may be a folder above.',
    });
  }
  const { count, first } = a.badCaptions;
  return {
    ...a,
    records: [...a.records, ...b.records],
    distinctCaptions: a.distinctCaptions + b.distinctCaptions,
    badCaptions: {
      count: count + b.badCaptions.count,
      first: new Map([...first, ...b.badCaptions.first]),
    },
  };
}

/** How many clips have a caption that another clip has, too. */
export function clipsWithSharedCaptions(records: readonly ClipRecord[]): number {
  const holders = new Map<string, number>();
  for (const { captions } of records) {
    for (const caption of new Set(captions)) holders.set(caption, (holders.get(caption) ?? 0) + 1);
  }
  const isShared = (caption: string): boolean => (holders.get(caption) ?? 0) > 1;
  return records.filter(({ captions }) => captions.some(isShared)).length;
}

/** The folder that the paths of the list start from. */
export function dataRoot({ data }: RunSettings): DataRoot {
  return dataRootOf(data.root ?? dirname(data.list), data.followLinks);
}
