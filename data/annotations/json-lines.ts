import { LacunaError } from '../../spec/errors.js';
import { ClipListBuilder } from './clip-list-builder.js';
import type { ClipList } from './clip-record.js';
import { readLines } from './read-lines.js';
import { labelOf, labelsOf, show, usableCaptions, videoPath } from './record-fields.js';

/** A line as an example. */
export const JSON_LINE = '{"video": "clips/a.mp4", "captions": ["..."]}';
const KNOWN_KEYS = new Set(['video', 'image', 'captions', 'caption', 'label', 'labels']);

/**
 * Reads a JSON Lines list: on each line an object with `video` (path relative to the data folder, of a
 * video or of a still picture; `image` is the same), `captions` (a string or an array; `caption` is the
 * same) and, if wanted, `label`, or `labels`, an object of one for each thing told of the clip. Other keys, and
 * captions that cannot be used, are counted and left out; blank lines are passed over.
 *
 * @throws LacunaError that names the line, what it has and what it should have, and the other lines
 * that cannot be read.
 */
export async function readJsonLines(path: string): Promise<ClipList> {
  const builder = new ClipListBuilder(path);
  for await (const { where, text } of readLines(path)) {
    builder.line(() => addLine(builder, where, parse(where, text)));
  }
  return builder.build();
}

/** Keys that say the same: a line has one of them. */
const SAME_KEYS = [
  ['caption', 'captions'],
  ['video', 'image'],
  ['label', 'labels'],
] as const;

function addLine(
  builder: ClipListBuilder,
  where: string,
  fields: Readonly<Record<string, unknown>>,
): void {
  for (const key of Object.keys(fields)) if (!KNOWN_KEYS.has(key)) builder.countUnknownKey(key);
  for (const [one, other] of SAME_KEYS) {
    if (fields[one] === undefined || fields[other] === undefined) continue;
    const expected = 'one of them';
    throw new LacunaError({ what: `the line has both "${one}" and "${other}"`, where, expected });
  }
  const label = labelOf(where, fields.label);
  const labels = labelsOf(where, fields.labels);
  const record = {
    video: videoPath(where, fields.video ?? fields.image),
    ...(label === undefined ? {} : { label }),
    ...(labels === undefined ? {} : { labels }),
  };
  builder.addCaptioned(where, record, usableCaptions(where, fields.captions ?? fields.caption));
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
