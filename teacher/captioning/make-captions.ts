import { stat } from 'node:fs/promises';
import { type ClipRecord, MAX_CAPTIONS, MAX_LINE_BYTES, writeClipList } from '../../data/index.js';
import { removeFile } from '../../formats/file-operations.js';
import { Lock } from '../../formats/lock.js';
import { LacunaError } from '../../spec/errors.js';
import { CaptionLog } from './caption-log.js';
import type { CaptionSource, SourceOutcome } from './caption-source.js';
import { cleanCaption } from './clean-caption.js';

export interface MakeCaptionsOptions {
  /** The list to write. */
  readonly output: string;
  /** Whether a list that is there may be replaced. @defaultValue false */
  readonly overwrite?: boolean;
  /** Whether captions that an unfinished run has left are thrown away. @defaultValue false */
  readonly restart?: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: CaptionEvent) => void;
}

/** What happens on the way; counts are of videos. */
export type CaptionEvent =
  | { readonly kind: 'resumed'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'progress';
      readonly done: number;
      readonly total: number;
      /** Seconds left at the pace of this run so far. */
      readonly secondsLeft: number;
    }
  | {
      readonly kind: 'problem' | 'note';
      readonly video: string;
      /** How many more videos it is true of: those that would have the same captions. */
      readonly others: number;
      readonly text: string;
    };

export interface CaptionResult {
  /** Whether the list was written; otherwise the run was stopped and can go on. */
  readonly finished: boolean;
  /** Videos with captions, those without for a reason that was told, and different captions. */
  readonly captioned: number;
  readonly leftOut: number;
  readonly distinctCaptions: number;
}

/** Where the captions of an unfinished run lie. */
export function logOf(output: string): string {
  return `${output}.partial`;
}

/**
 * Captions for all records, as a JSON Lines list of the same videos in the same order. Videos that
 * get none are told, counted and left out. A run that is stopped, killed or fails goes on where it
 * was when it is started again with the same options: captions are kept beside the list until it
 * is written as a whole.
 *
 * @throws LacunaError when the list exists already, when captions were begun with other options,
 *   when no video got a caption, and for what ends a source.
 */
export async function makeCaptions(
  records: readonly ClipRecord[],
  source: CaptionSource,
  options: MakeCaptionsOptions,
): Promise<CaptionResult> {
  const { output, overwrite = false } = options;
  if (!overwrite) await refuseExisting(output);
  const lock = await Lock.take(`${output}.lock`, { where: output, doing: 'writing this list' });
  try {
    return await write(records, source, options);
  } finally {
    await lock.release();
  }
}

async function write(
  records: readonly ClipRecord[],
  source: CaptionSource,
  { output, restart = false, signal, onEvent = () => {} }: MakeCaptionsOptions,
): Promise<CaptionResult> {
  if (restart) await removeFile(logOf(output));
  const log = await CaptionLog.open(logOf(output), source.facts);
  const captions = new Map<string, readonly string[]>();
  let leftOut = 0;
  try {
    const open = groups(records, source);
    let done = 0;
    for (const [key, group] of open) {
      const earlier = log.done.get(key);
      if (earlier === undefined) continue;
      captions.set(key, earlier);
      open.delete(key);
      done += group.length;
    }
    const total = records.length;
    if (done > 0) onEvent({ kind: 'resumed', done, total });
    const before = done;
    const started = performance.now();
    await inParallel(open, source, signal, async (key, group, outcome) => {
      done += group.length;
      const made = usable(outcome);
      if (made.length > 0) {
        captions.set(key, made);
        await log.add({ key, captions: made });
      } else leftOut += group.length;
      const text = remark(outcome, made);
      const kind = made.length > 0 ? 'note' : 'problem';
      if (text !== undefined) {
        onEvent({ kind, video: group[0]?.video ?? key, others: group.length - 1, text });
      }
      const pace = (performance.now() - started) / 1000 / (done - before);
      onEvent({ kind: 'progress', done, total, secondsLeft: (total - done) * pace });
    });
  } finally {
    await log.close();
  }
  const finished = signal?.aborted !== true;
  const listed = records.flatMap((record) => {
    const own = captions.get(source.keyOf(record));
    return own === undefined ? [] : [{ ...record, captions: own }];
  });
  if (finished) {
    if (listed.length === 0) throw nothingCaptioned(output, records.length);
    await writeClipList(output, listed);
    await log.remove();
  }
  const distinctCaptions = new Set([...captions.values()].flat()).size;
  return { finished, captioned: listed.length, leftOut, distinctCaptions };
}

/** The records by key, in the order in which the keys come first. */
function groups(
  records: readonly ClipRecord[],
  source: CaptionSource,
): Map<string, readonly ClipRecord[]> {
  const byKey = new Map<string, ClipRecord[]>();
  for (const record of records) {
    const key = source.keyOf(record);
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, [record]);
    else group.push(record);
  }
  return byKey;
}

/**
 * Asks the source for each group, several at once. The first failure stops the others too; what
 * they had finished is kept.
 */
async function inParallel(
  open: ReadonlyMap<string, readonly ClipRecord[]>,
  source: CaptionSource,
  signal: AbortSignal | undefined,
  take: (key: string, group: readonly ClipRecord[], outcome: SourceOutcome) => Promise<void>,
): Promise<void> {
  const queue = open.entries();
  const failed = new AbortController();
  const stop = AbortSignal.any(signal === undefined ? [failed.signal] : [signal, failed.signal]);
  const work = async (): Promise<void> => {
    for (const [key, group] of queue) {
      const [record] = group;
      if (record === undefined || stop.aborted) return;
      try {
        await take(key, group, await source.caption(record, stop));
      } catch (error) {
        if (stop.aborted) return;
        failed.abort();
        throw error;
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: source.concurrency }, work));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Bytes that the captions of a video may have: a list's longest line, less the path and the label. */
const MAX_BYTES = MAX_LINE_BYTES - 2 ** 14;

/** The captions of an outcome, clean, none empty, as many of the first as a line of a list holds. */
function usable(outcome: SourceOutcome): readonly string[] {
  if ('problem' in outcome) return [];
  let bytes = 0;
  const clean = outcome.captions.map(cleanCaption).filter((caption) => caption !== '');
  return clean.slice(0, MAX_CAPTIONS).filter((caption) => {
    bytes += Buffer.byteLength(JSON.stringify(caption)) + 1;
    return bytes <= MAX_BYTES;
  });
}

function remark(outcome: SourceOutcome, made: readonly string[]): string | undefined {
  if ('problem' in outcome) return outcome.problem;
  return made.length === 0 ? 'the captions made of it are empty' : outcome.note;
}

async function refuseExisting(output: string): Promise<void> {
  const exists = await stat(output).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  throw new LacunaError({
    what: 'the list exists already',
    where: output,
    fix: 'Choose another --output, or replace it with --overwrite.',
  });
}

function nothingCaptioned(output: string, videos: number): LacunaError {
  return new LacunaError({
    what: 'no video got a caption, so no list was written',
    where: output,
    got: `${videos} videos, none captioned`,
    expected: 'at least one',
    fix: 'The reasons are told above, one a video.',
  });
}
