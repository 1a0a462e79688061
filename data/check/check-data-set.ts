import type { ClipPart } from '../annotations/clip-part.js';
import type { ClipRecord } from '../annotations/clip-record.js';
import { type DataRoot, rootFolder } from '../video/data-root.js';
import { excerptsOf } from './excerpts.js';
import { nearPairs } from './fingerprint.js';
import type { InspectJob, VideoFacts } from './inspect-video.js';
import { inspectVideos } from './inspect-videos.js';

/** Records of a list, and the folder that their paths start from. */
export interface CheckedList {
  readonly records: readonly ClipRecord[];
  readonly root: DataRoot;
}

/** What of two videos is the same: seconds of it, and where it begins in each, in their order. */
export interface SharedPart {
  readonly seconds: number;
  readonly at: readonly [number, number];
}

/** Videos that show the same. */
export interface DuplicateVideos {
  readonly videos: readonly string[];
  /** Whether their files are the same to the byte; else they look alike. */
  readonly isSameFile: boolean;
  /** Where not all of both is the same: of a video that is learned from, and one that is judged by. */
  readonly part?: SharedPart;
  /** Whether one is learned from and another judged by. */
  readonly isAcross: boolean;
}

/** What was found of a data set. */
export interface DataSetCheck {
  /** Of each video that was looked at, in the order of the lists. */
  readonly videos: readonly VideoFacts[];
  /** How many were not, since the check was ended early. */
  readonly notLookedAt: number;
  readonly duplicates: readonly DuplicateVideos[];
  /** Videos that are judged by and were not looked for in others, since there are too many. */
  readonly notSearched: number;
}

export interface CheckOptions {
  readonly workers: number;
  /** Whether all frames are decoded, rather than a few of each video. */
  readonly decodeAll: boolean;
  /** The list that is judged by, to be held apart from the other. */
  readonly test?: CheckedList;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number, bad: number) => void;
}

/** Looks at every video of a list, each once. @throws LacunaError without a video backend. */
export async function checkDataSet(
  train: CheckedList,
  { workers, decodeAll, test, signal, onProgress }: CheckOptions,
): Promise<DataSetCheck> {
  const lists = test === undefined ? [train] : [train, test];
  const jobs = lists.flatMap(({ records, root }) => jobsOf(records, root, decodeAll));
  const trained = jobsOf(train.records, train.root, decodeAll).length;
  let bad = 0;
  const found = await inspectVideos(
    jobs,
    workers,
    ({ faults }, done) => {
      if (faults.length > 0) bad += 1;
      onProgress?.(done, jobs.length, bad);
    },
    signal,
  );
  const videos = found.filter((facts) => facts !== undefined);
  return {
    videos,
    notLookedAt: jobs.length - videos.length,
    ...duplicatesOf(found, trained, jobs),
  };
}

/** The videos of records, each once, with all parts of it. */
function jobsOf(records: readonly ClipRecord[], root: DataRoot, decodeAll: boolean): InspectJob[] {
  const videos = new Map<string, { readonly parts: ClipPart[]; readonly record: ClipRecord }>();
  for (const record of records) {
    const own = videos.get(record.video) ?? { parts: [], record };
    if (record.part !== undefined) own.parts.push(record.part);
    videos.set(record.video, own);
  }
  return [...videos].map(([video, { parts, record }]) => {
    const { member } = record;
    return { root, video, parts, decodeAll, ...(member === undefined ? {} : { member }) };
  });
}

/** What of the videos that were looked at is the same; the first `trained` of them are learned from. */
export function duplicatesOf(
  found: readonly (VideoFacts | undefined)[],
  trained: number,
  jobs: readonly InspectJob[],
): Pick<DataSetCheck, 'duplicates' | 'notSearched'> {
  const isTrained = (number: number): boolean => number < trained;
  const groups = new Map<string, number[]>();
  for (const [number, facts] of found.entries()) {
    if (facts?.digest === undefined || facts.bytes === 0) continue;
    const group = groups.get(facts.digest);
    if (group === undefined) groups.set(facts.digest, [number]);
    else group.push(number);
  }
  // Of files that are the same one is looked at for others that look alike.
  const first = found.map((facts, number) =>
    groups.get(facts?.digest ?? '')?.[0] === number ? facts?.fingerprint : undefined,
  );
  const told = (numbers: readonly number[], isSameFile: boolean): DuplicateVideos => ({
    videos: numbers.map((number) => nameOf(jobs[number], isAcross(numbers))),
    isSameFile,
    isAcross: isAcross(numbers),
  });
  const isAcross = (numbers: readonly number[]): boolean =>
    numbers.some(isTrained) && !numbers.every(isTrained);
  const pairs = nearPairs(first);
  const known = new Set(pairs.map(([a, b]) => String(a < b ? [a, b] : [b, a])));
  // The parts of a file that is there twice in a list are told of one.
  const traces = found.map((facts, number) => {
    const group = groups.get(facts?.digest ?? '') ?? [];
    return group.find((other) => isTrained(other) === isTrained(number)) === number
      ? facts?.trace
      : undefined;
  });
  const { excerpts, leftOut } = excerptsOf(traces.slice(0, trained), traces.slice(trained));
  const parts = excerpts.flatMap(({ first: own, second, seconds, at }) => {
    const pair = [own, trained + second] as const;
    const isKnown = known.has(String(pair)) || found[own]?.digest === found[pair[1]]?.digest;
    return isKnown ? [] : [{ ...told(pair, false), part: { seconds, at } }];
  });
  return {
    notSearched: leftOut,
    duplicates: [
      ...[...groups.values()].filter(({ length }) => length > 1).map((group) => told(group, true)),
      ...pairs.map((pair) => told(pair, false)),
      ...parts,
    ],
  };
}

/** A video's name; of lists in two folders, with the folder. */
function nameOf(job: InspectJob | undefined, withFolder: boolean): string {
  if (job === undefined) return '';
  return withFolder ? `${rootFolder(job.root)}/${job.video}` : job.video;
}
