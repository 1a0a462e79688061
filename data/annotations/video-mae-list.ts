import { LacunaError } from '../../spec/errors.js';
import { ClipListBuilder } from './clip-list-builder.js';
import { framePart } from './clip-part.js';
import type { ClipList, ClipRecord } from './clip-record.js';
import { isVideoName } from './list-folder.js';
import { readLines } from './read-lines.js';
import { JSON_LINE } from './recognise.js';
import { labelOf, show, videoPath } from './record-fields.js';

const FORMS = '"path label", "path start total", or the path of a video alone';
const JSON_LINES = `Write a JSON Lines list, for paths with blanks, captions and tables: ${JSON_LINE}`;

/**
 * Reads a VideoMAE list: `path label` on each line (-1: no label), as MMAction2 has them, too; VideoMAE
 * V2's `path start total`, where total -1 stands for the whole video, and another one for so many frames
 * of the video from frame `start` on; or paths alone. All lines have one form. Such a list has no captions,
 * and its paths no blanks.
 *
 * @throws LacunaError that names the line, what it has and what it should have.
 */
export async function readVideoMaeList(path: string): Promise<ClipList> {
  const builder = new ClipListBuilder(path, 'a list of videos');
  let form: number | undefined;
  for await (const { where, text } of readLines(path)) {
    const fields = text.split(/\s+/);
    form ??= formOf(where, text, fields);
    const all = form;
    builder.line(() => builder.add(where, recordOf(where, text, fields, all)));
  }
  return builder.build();
}

/** How many fields the lines have. @throws LacunaError for a first line that is of no such list. */
function formOf(where: string, text: string, fields: readonly string[]): number {
  const numbers = fields.slice(1);
  const isNamed = fields.length > 1 || isVideoName(text);
  if (isNamed && fields.length <= 3 && numbers.every(isWhole) && !isWhole(fields[0] ?? ''))
    return fields.length;
  throw new LacunaError({
    what: kindOf(text, fields),
    where,
    got: show(text),
    expected: FORMS,
    fix: JSON_LINES,
  });
}

/** What a line is that is not of the form: what its writer may have meant. */
function kindOf(text: string, fields: readonly string[]): string {
  if (/^\[\s*(?:$|[{["])/.test(text))
    return 'this is JSON, but a list has one object a line and no array';
  // The path takes up more than the first field.
  if (fields.slice(1).some((field) => !isWhole(field)) && isWhole(fields.at(-1) ?? ''))
    return 'the path has a blank in it';
  if (isTableRow(text) && !/^id,name$/i.test(text))
    return 'this is a table with commas whose first line does not name its columns, or none that are known';
  if (fields.length > 3 && fields.slice(1).every(isWhole))
    return 'the line has several labels, which are not read';
  if (/^id,name$|^\d+\s+[A-Za-z_]+$/i.test(text))
    return 'these are the names of classes with their numbers, and no videos';
  if (!fields.slice(1).some(isWhole) && !fields.some(isVideoName))
    return 'the line names no video file: it may be the id of a split, the name of a class, or a sentence';
  return 'the line has the wrong number of fields, or a field that should be a whole number is none';
}

/** How the columns of such tables are called. */
const COLUMN =
  /^(?:video|videos|video_?(?:id|name|path|file)|clip|clip_?(?:id|name)|path|file|file_?(?:name|path)|url|youtube_?id|id|key|name|caption|captions|sentence|text|description|label|class|split|start|end)$/i;

/**
 * Whether a line certainly is of a table with commas: it names columns, or a field of it is a video file.
 * A comma alone may be anyone's text.
 */
function isTableRow(text: string): boolean {
  // Of a longer line no more is needed, and the expression looks back where quotes do not match.
  const fields = [...text.slice(0, 1000).matchAll(/("(?:[^"]|"")*"|[^",]*)(?:,|$)/g)]
    .map(([, field = '']) => field.replace(/^"|"$/g, ''))
    // After the last field an empty one is found at the end.
    .slice(0, -1);
  if (fields.length < 2) return false;
  return fields.every((field) => COLUMN.test(field)) || fields.some(isVideoName);
}

function recordOf(
  where: string,
  text: string,
  fields: readonly string[],
  form: number,
): Omit<ClipRecord, 'id'> {
  const [video, ...numbers] = fields;
  const isNamed = form > 1 || isVideoName(text);
  if (fields.length !== form || !numbers.every(isWhole) || !isNamed) {
    throw new LacunaError({
      what: kindOf(text, fields),
      where,
      got: show(text),
      expected: `${form} ${form === 1 ? 'field, the path of a video' : 'fields'}, as on the lines before`,
      fix: JSON_LINES,
    });
  }
  const [start, total] = [Number(numbers[0]), Number(numbers[1])];
  const isPart = form === 3 && total !== -1;
  if (form === 3 && (isPart ? !isVideoName(video ?? '') : start !== 0)) {
    throw new LacunaError({
      what: 'the line is about a folder of frames, which is not supported',
      where,
      got: show(text),
      expected: '"path 0 -1", the whole of a video file, or "path start total", frames of one',
      fix: 'Encode the frames as a video.',
    });
  }
  const part = isPart ? { part: framePart(where, start, total) } : {};
  const number = form === 2 ? Number(numbers[0]) : -1;
  const label = number === -1 ? undefined : labelOf(where, number);
  const rest = label === undefined ? {} : { label };
  return { video: videoPath(where, video), ...part, captions: [], ...rest };
}

function isWhole(field: string): boolean {
  return /^[+-]?\d{1,15}$/.test(field);
}
