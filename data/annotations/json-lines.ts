import { LacunaError } from '../../spec/errors.js';
import { MAX_RATE, MAX_VIDEO_FRAMES } from '../video/limits.js';
import type { MemberPlace } from '../video/video-path.js';
import { fieldsIn } from './annotation.js';
import { ClipListBuilder } from './clip-list-builder.js';
import { framePart, timePart } from './clip-part.js';
import type { ClipList, ClipRecord } from './clip-record.js';
import { readLines } from './read-lines.js';
import { JSON_LINE } from './recognise.js';
import { labelOf, labelsOf, show, usableCaptions, videoPath } from './record-fields.js';
import { idsOf, isSplitFile, ToldSplits, unknownId } from './told-splits.js';

/** Keys that say the same: a line has one of them. The last are those of Hugging Face's `metadata.jsonl`. */
const SAME_KEYS = [
  ['caption', 'captions', 'text'],
  ['video', 'image', 'file_name'],
  ['label', 'labels'],
] as const;
/** The keys that say where in a tar the bytes lie, and which they are: all or none. */
const MEMBER_KEYS: ReadonlySet<string> = new Set(['offset', 'bytes', 'sha256', 'pictures']);
const KNOWN_KEYS: ReadonlySet<string> = new Set([
  ...SAME_KEYS.flat(),
  'start',
  'end',
  'frames',
  'split',
]);

/**
 * Reads a JSON Lines list: on each line an object with `video` (path relative to the data folder, of a
 * video or of a still picture; `image` and `file_name` are the same), `captions` (a string or an array;
 * `caption` and `text` are the same) and, if wanted, `label`, or `labels`, an object of one for each thing
 * told of the clip, `start` and `end` in seconds, or `frames` (the first one and how many), of the part
 * of the video that the line is about, and `split`, the name of the split that it is of. Other keys, and
 * captions that cannot be used, are counted and left out; blank lines are passed over. In the index of
 * shards `offset`, `bytes` and `sha256` say where in a tar the video lies, and `pictures` that its frames lie there.
 *
 * @param split Which lines are taken: those that say this name; or whose videos are in this file of ids, one a line, in
 * the order of the list. @defaultValue all
 * @throws LacunaError that names the line, what it has and what it should have, and the other lines
 * that cannot be read.
 */
export async function readJsonLines(
  path: string,
  onNote: (sentence: string) => void = () => {},
  split?: string,
): Promise<ClipList> {
  const builder = new ClipListBuilder(path, 'JSON Lines');
  const told = new ToldSplits(path, split);
  const wanted = split === undefined || !isSplitFile(split) ? undefined : await wantedOf(split);
  for await (const { where, text } of readLines(path)) {
    builder.line(() => {
      const fields = parse(where, text);
      if (!told.takes(typeof fields.split === 'string' ? fields.split : '')) return;
      if (wanted === undefined || isWanted(fields, wanted)) addLine(builder, where, fields);
    });
  }
  // Before what is missing: it may be missing for such a line.
  builder.refuseBadLines();
  told.check(onNote);
  for (const [id, { where, isFound }] of wanted ?? []) {
    if (!isFound) throw unknownId(path, where, id);
  }
  return builder.build();
}

/** Videos that a split's file names, where, and whether the list has them. */
type Wanted = Map<string, { readonly where: string; isFound: boolean }>;

async function wantedOf(split: string): Promise<Wanted> {
  const wanted: Wanted = new Map();
  for await (const { where, id } of idsOf(split)) wanted.set(id, { where, isFound: false });
  return wanted;
}

function isWanted(fields: Readonly<Record<string, unknown>>, wanted: Wanted): boolean {
  const video = SAME_KEYS[1].map((key) => fields[key]).find((value) => value !== undefined);
  // Of which split a line without a path is nobody knows: as it is added it is refused.
  if (typeof video !== 'string') return true;
  const found = wanted.get(video);
  if (found === undefined) return false;
  found.isFound = true;
  return true;
}

/** Whether an object is one of a JSON Lines list: it has a key of one, or one that says that it is another. */
export function isJsonLine(fields: Readonly<Record<string, unknown>>): boolean {
  return SAME_KEYS[1].some((key) => typeof fields[key] === 'string');
}

function addLine(
  builder: ClipListBuilder,
  where: string,
  fields: Readonly<Record<string, unknown>>,
): void {
  for (const keys of SAME_KEYS) {
    const [one, other] = keys.filter((key) => fields[key] !== undefined);
    if (other === undefined) continue;
    const expected = 'one of them';
    throw new LacunaError({ what: `the line has both "${one}" and "${other}"`, where, expected });
  }
  const [captions, video] = SAME_KEYS.map((keys) =>
    keys.map((key) => fields[key]).find((value) => value !== undefined),
  );
  // In other lists these keys are somebody's own.
  const isInTar = typeof video === 'string' && /\.tar\//.test(video);
  const isKnown = (key: string): boolean =>
    KNOWN_KEYS.has(key) || (isInTar && MEMBER_KEYS.has(key));
  for (const key of Object.keys(fields)) if (!isKnown(key)) builder.countUnknownKey(key);
  if (video === undefined && fields.question !== undefined) {
    throw new LacunaError({
      what: 'the line has a question and its answer, which are not read, and no path of a video',
      where,
      got: show(fields),
      expected: JSON_LINE,
    });
  }
  const label = labelOf(where, fields.label);
  const labels = labelsOf(where, fields.labels);
  const record = {
    video: videoPath(where, video),
    ...partOf(where, fields),
    ...(isInTar ? memberOf(where, fields) : {}),
    ...(label === undefined ? {} : { label }),
    ...(labels === undefined ? {} : { labels }),
  };
  builder.addCaptioned(where, record, usableCaptions(where, captions));
}

function partOf(
  where: string,
  { start, end, frames }: Readonly<Record<string, unknown>>,
): Pick<ClipRecord, 'part'> {
  const isTime = (start ?? end ?? undefined) !== undefined;
  if (frames === undefined || frames === null)
    return isTime ? { part: timePart(where, start, end) } : {};
  if (isTime || !Array.isArray(frames) || frames.length !== 2) {
    throw new LacunaError({
      what: 'the part of the video is told in two ways, or not in full',
      where,
      got: show({ start, end, frames }),
      expected: '"start" and "end", or "frames": [first, count]',
    });
  }
  return { part: framePart(where, frames[0], frames[1]) };
}

function memberOf(
  where: string,
  { offset, bytes, sha256, pictures }: Readonly<Record<string, unknown>>,
): Pick<ClipRecord, 'member'> {
  if ((offset ?? bytes ?? sha256 ?? undefined) === undefined) return {};
  const isPlace = (value: unknown): value is number =>
    Number.isSafeInteger(value) && Number(value) >= 0;
  if (
    isPlace(offset) &&
    isPlace(bytes) &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256)
  )
    return { member: { offset, bytes, sha256, ...picturesOf(where, pictures) } };
  throw new LacunaError({
    what: 'the place in a tar is not told in full',
    where,
    got: show({ offset, bytes, sha256 }),
    expected: 'whole numbers "offset" and "bytes", and "sha256" in 64 hexadecimal digits',
    fix: 'Make the index of the shards again: lacuna shard FOLDER --index',
  });
}

function picturesOf(where: string, pictures: unknown): Pick<MemberPlace, 'pictures'> {
  if (pictures === undefined || pictures === null) return {};
  const { count, rate } = fieldsIn(pictures);
  const isRate = rate === undefined || (typeof rate === 'number' && rate > 0 && rate <= MAX_RATE);
  if (Number.isInteger(count) && Number(count) >= 1 && Number(count) <= MAX_VIDEO_FRAMES && isRate)
    return { pictures: { count: Number(count), ...(rate === undefined ? {} : { rate }) } };
  throw new LacunaError({
    what: 'the pictures in a tar are not told in full',
    where,
    got: show(pictures),
    expected: `"count", a whole number to ${MAX_VIDEO_FRAMES}, and "rate", frames a second to ${MAX_RATE}`,
    fix: 'Make the index of the shards again: lacuna shard FOLDER --index',
  });
}

function parse(where: string, text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new LacunaError({
      what: 'the line is no JSON object',
      where,
      got: show(text),
      expected: JSON_LINE,
      ...(/^[[{]$/.test(text) ? { fix: 'Write each object on one line.' } : {}),
    });
  }
  return value as Readonly<Record<string, unknown>>;
}
