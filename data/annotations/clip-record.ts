import type { MemberPlace } from '../video/video-path.js';
import type { ClipPart } from './clip-part.js';

/** One video of a data set, or a part of one, with what is written about it. */
export interface ClipRecord {
  /**
   * Its name in reports and the address of its random draws, unique in a list: `video`, and where it is
   * about a part, that behind it (`partName`).
   */
  readonly id: string;
  /** Its path relative to the data folder, with forward slashes, without `.` and `..`. */
  readonly video: string;
  /** The part of the video that it is about. @defaultValue all of it */
  readonly part?: ClipPart;
  /** Where its bytes lie in the tar that `video` begins with. @defaultValue the video is a file */
  readonly member?: MemberPlace;
  /** Its captions, trimmed and not empty; there may be none. */
  readonly captions: readonly string[];
  /** Its class. */
  readonly label?: string;
  /** Its classes, where it has several, by what each is about (`verb`, `noun`), in order of these names. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What a record without a label has instead, for people: undefined where it has a label, or nothing. */
export function labelsInstead({ label, labels }: ClipRecord): string | undefined {
  if (label !== undefined || labels === undefined) return undefined;
  return `has labels by name: ${Object.keys(labels).join(', ')}`;
}

/** Where the frames of a record lie. */
export type ClipPlace = Pick<ClipRecord, 'video' | 'part' | 'member'>;

/** That of a record, and nothing else of it. */
export function placeOf({ video, part, member }: ClipPlace): ClipPlace {
  return {
    video,
    ...(part === undefined ? {} : { part }),
    ...(member === undefined ? {} : { member }),
  };
}

/** A list of videos as read from a file. */
export interface ClipList {
  /** What the file was taken for: `MSR-VTT`, `JSON Lines`, ... */
  readonly format: string;
  readonly records: readonly ClipRecord[];
  /** SHA-256 (hex) of the records: equal for lists that say the same in different layouts. */
  readonly digest: string;
  /** How many different captions there are: 1 or 0 leaves contrastive training nothing to learn. */
  readonly distinctCaptions: number;
  /** Keys that no reader of this project knows, with the number of lines that have them. */
  readonly unknownKeys: ReadonlyMap<string, number>;
  /** Captions that cannot be used and were left out: how many, and of each record the first. */
  readonly badCaptions: { readonly count: number; readonly first: ReadonlyMap<string, string> };
  /** Parts that are none and were left out: how many, and why the first. */
  readonly badParts: { readonly count: number; readonly first?: string };
}

/** A record as a line of the text that its list's digest is of. */
export function recordLine(record: Omit<ClipRecord, 'id'>): string {
  const { video, captions, label, labels, part, member } = record;
  const more = [part, labels, member].filter((each) => each !== undefined);
  return `${JSON.stringify([video, captions, label ?? null, ...more])}\n`;
}

/** A record as a line of a JSON Lines list, which is read back as it is. */
export function jsonLine(record: Omit<ClipRecord, 'id'>): string {
  const { video, captions, label, labels, part, member = {} } = record;
  const where =
    part === undefined ? {} : 'start' in part ? part : { frames: [part.first, part.count] };
  const rest = {
    ...(label === undefined ? {} : { label }),
    ...(labels === undefined ? {} : { labels }),
  };
  return `${JSON.stringify({ video, ...where, captions, ...rest, ...member })}\n`;
}
