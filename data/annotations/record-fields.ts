import { LacunaError } from '../../spec/errors.js';
import {
  MAX_CAPTION_LENGTH,
  MAX_CAPTIONS,
  MAX_LABEL_LENGTH,
  MAX_LABELS,
  MAX_PATH_LENGTH,
} from './limits.js';

/**
 * The path of a video as a record holds it: relative, with forward slashes, `.` and doubled slashes
 * taken out. An absolute path, or one with `..`, is refused, since it could leave the data folder.
 */
export function videoPath(where: string, value: unknown): string {
  const fix = 'Write the path of the video relative to the data folder, like "clips/a.mp4".';
  if (typeof value !== 'string' || value.trim() === '' || value.length > MAX_PATH_LENGTH) {
    const expected = `a path of 1 to ${MAX_PATH_LENGTH} characters`;
    throw new LacunaError({
      what: 'the video has no usable path',
      where,
      got: show(value),
      expected,
      fix,
    });
  }
  const parts = value.split('/').filter((part) => part !== '' && part !== '.');
  const leaves = value.startsWith('/') || /^[A-Za-z]:/.test(value) || parts.includes('..');
  if (leaves || parts.length === 0 || /[\0\\]/.test(value)) {
    throw new LacunaError({
      what: 'the path of the video is not inside the data folder',
      where,
      got: show(value),
      expected: 'a relative path without ".." and backslashes',
      fix,
    });
  }
  return parts.join('/');
}

/** The captions of a record that can be used, and why the others cannot. */
export interface Captions {
  readonly captions: readonly string[];
  readonly bad: readonly LacunaError[];
}

/**
 * The captions of a record, from a string or an array of strings; an absent value gives none.
 * @throws LacunaError for the first that cannot be used.
 */
export function captionsOf(where: string, value: unknown): readonly string[] {
  const { captions, bad } = usableCaptions(where, value);
  if (bad[0] !== undefined) throw bad[0];
  return captions;
}

/** The same, without those that cannot be used. @throws LacunaError for too many. */
export function usableCaptions(where: string, value: unknown): Captions {
  if (value === undefined || value === null) return { captions: [], bad: [] };
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (given.length > MAX_CAPTIONS) {
    throw new LacunaError({
      what: 'the video has too many captions',
      where,
      got: String(given.length),
      expected: `at most ${MAX_CAPTIONS}`,
    });
  }
  const captions: string[] = [];
  const bad: LacunaError[] = [];
  for (const caption of given) {
    const text = typeof caption === 'string' ? caption.trim() : '';
    if (text !== '' && text.length <= MAX_CAPTION_LENGTH) captions.push(text);
    else bad.push(unusable(where, caption));
  }
  return { captions, bad };
}

function unusable(where: string, caption: unknown): LacunaError {
  return new LacunaError({
    what: 'a caption is not usable',
    where,
    got: show(caption),
    expected: `a text of 1 to ${MAX_CAPTION_LENGTH} characters`,
    fix: 'Mend or remove it; a video without captions has "captions": [].',
  });
}

/** The label of a record, from a string or a whole number; an absent value gives none. */
export function labelOf(where: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || text.trim() === '' || text.length > MAX_LABEL_LENGTH) {
    throw new LacunaError({
      what: 'the label is not usable',
      where,
      got: show(value),
      expected: `a text of 1 to ${MAX_LABEL_LENGTH} characters, or a whole number`,
    });
  }
  return text.trim();
}

/** What a label is about: `verb`. */
export const LABEL_NAME: RegExp = /^[a-z][a-z0-9_]{0,63}$/;

/** The labels of a record by what they are about; an absent value gives none. */
export function labelsOf(
  where: string,
  value: unknown,
): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  const entries = typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : [];
  const known = entries.flatMap(([name, own]): (readonly [string, string])[] => {
    const label = LABEL_NAME.test(name) ? labelOf(where, own) : undefined;
    return label === undefined ? [] : [[name, label]];
  });
  if (known.length > 0 && known.length === entries.length && known.length <= MAX_LABELS)
    return Object.fromEntries(known.sort(([a], [b]) => (a < b ? -1 : 1)));
  throw new LacunaError({
    what: 'the labels are not usable',
    where,
    got: show(value),
    expected: `an object of 1 to ${MAX_LABELS} labels, such as {"verb": "open", "noun": "door"}`,
  });
}

/** A value in a message: short, and in quotes when it is text. */
export function show(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    text = 'a value too deep to be shown';
  }
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
