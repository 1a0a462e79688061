import { LacunaError } from '../../spec/errors.js';
import { show } from './record-fields.js';

/** A part of a video in time: seconds from its first frame, `end` not among them. */
export interface TimePart {
  readonly start: number;
  readonly end: number;
}

/** A part of a video as frames that follow each other: `count` from `first` on. */
export interface FramePart {
  readonly first: number;
  readonly count: number;
}

/** The part of a video that a record is about. */
export type ClipPart = TimePart | FramePart;

/** The longest time that is taken for one: eleven days. */
const MAX_SECONDS = 1e6;
const MAX_FRAMES = 2 ** 31;

/** `#t=1.5,3` as media fragments are written (W3C Media Fragments 1.0), or `#frames=10,32`. */
export function partName(part: ClipPart): string {
  return 'start' in part ? `#t=${part.start},${part.end}` : `#frames=${part.first},${part.count}`;
}

/**
 * A part from what a file says: numbers or their texts, in seconds.
 *
 * @throws LacunaError for what is no time, or a part that ends before it begins.
 */
export function timePart(where: string, start: unknown, end: unknown): TimePart {
  const [from, to] = [secondsOf(start), secondsOf(end)];
  if (from !== undefined && to !== undefined && from < to) return { start: from, end: to };
  throw new LacunaError({
    what: 'the part of the video has no usable times',
    where,
    got: `${show(start)} to ${show(end)}`,
    expected: `seconds from 0 to ${MAX_SECONDS}, the start before the end`,
    fix: 'Mend or remove it; the whole video has neither start nor end.',
  });
}

/** The same in frames. */
export function framePart(where: string, first: unknown, count: unknown): FramePart {
  const [from, frames] = [Number(first), Number(count)];
  const isPart =
    [first, count].every((each) => typeof each === 'number' || /^\d+$/.test(String(each))) &&
    [from, frames].every((each) => Number.isInteger(each) && each < MAX_FRAMES) &&
    from >= 0 &&
    frames >= 1;
  if (isPart) return { first: from, count: frames };
  throw new LacunaError({
    what: 'the part of the video has no usable frames',
    where,
    got: `${show(count)} frames from ${show(first)} on`,
    expected: 'whole numbers: the first frame from 0 on, and at least 1 frame',
  });
}

/** Seconds as a number, as its text, or as `00:01:02.5`. */
function secondsOf(value: unknown): number | undefined {
  const clock =
    typeof value === 'string' ? /^(\d+):(\d{1,2}):(\d{1,2}(?:\.\d+)?)$/.exec(value) : null;
  const seconds =
    clock === null
      ? typeof value === 'number' || (typeof value === 'string' && /^\d+(?:\.\d*)?$/.test(value))
        ? Number(value)
        : Number.NaN
      : 3600 * Number(clock[1]) + 60 * Number(clock[2]) + Number(clock[3]);
  return seconds >= 0 && seconds <= MAX_SECONDS ? seconds : undefined;
}
