import { LacunaError } from '../../spec/errors.js';
import { ClipListBuilder } from './clip-list-builder.js';
import type { ClipList } from './clip-record.js';
import { readLines } from './read-lines.js';
import { labelOf, show, videoPath } from './record-fields.js';

const FORMS = '"path label" or "path 0 -1"';

/**
 * Reads a VideoMAE list: `path label` on each line (-1: no label), or VideoMAE V2's `path start
 * total` with start 0 and total -1, which stands for the whole video. All lines have one form. Such
 * a list has no captions, and its paths no blanks.
 *
 * @throws LacunaError that names the line, what it has and what it should have.
 */
export async function readVideoMaeList(path: string): Promise<ClipList> {
  const builder = new ClipListBuilder(path);
  let form: number | undefined;
  for await (const { where, text } of readLines(path)) {
    const fields = text.split(/\s+/);
    form ??= fields.length;
    if (fields.length !== form || (form !== 2 && form !== 3)) {
      throw new LacunaError({
        what: 'the line has the wrong number of fields',
        where,
        got: show(text),
        expected: form === 2 || form === 3 ? `${form} fields, as on the lines before` : FORMS,
        fix: 'Use a JSON Lines list for paths with blanks.',
      });
    }
    const [video, ...numbers] = fields;
    if (!numbers.every((field) => /^[+-]?\d{1,15}$/.test(field))) {
      throw new LacunaError({
        what: 'a field that should be a whole number is none',
        where,
        got: show(text),
        expected: FORMS,
      });
    }
    if (form === 3 && (Number(numbers[0]) !== 0 || Number(numbers[1]) !== -1)) {
      throw new LacunaError({
        what: 'the line is about a folder of frames or a part of a video, which is not supported',
        where,
        got: show(text),
        expected: '"path 0 -1", the whole of a video file',
        fix: 'Encode the frames as a video, or cut the part out into a file of its own.',
      });
    }
    const number = form === 2 ? Number(numbers[0]) : -1;
    const label = number === -1 ? undefined : labelOf(where, number);
    builder.add(where, {
      video: videoPath(where, video),
      captions: [],
      ...(label === undefined ? {} : { label }),
    });
  }
  return builder.build();
}
