import { LacunaError } from '../../../spec/errors.js';
import type { TableFormat } from '../annotation.js';
import { timePart } from '../clip-part.js';
import { show } from '../record-fields.js';
import type { TableRow } from '../text-table.js';

/** What a row must have. @throws LacunaError where it has not. */
function needed(row: TableRow, column: string): string {
  const value = row.get(column);
  if (value !== undefined) return value;
  throw new LacunaError({
    what: `the row has nothing in the column "${column}"`,
    where: row.where,
    fix: 'Fill it in, or remove the row.',
  });
}

/** WebVid (and what `video2dataset` reads): `videoid,name,page_dir,...`. */
export const webvid: TableFormat = {
  title: 'WebVid',
  video: '{page_dir}/{}.mp4',
  takes: (columns) => columns.has('videoid') && columns.has('name'),
  annotation: (row) => ({
    where: row.where,
    id: needed(row, 'videoid'),
    fields: { page_dir: row.get('page_dir') ?? '' },
    captions: row.get('name'),
  }),
};

/** MSR-VTT 1k-A: `key,vid_key,video_id,sentence`. The lists of its other splits have `video_id` alone. */
export const msrvttTable: TableFormat = {
  title: 'MSR-VTT',
  video: '{}.mp4',
  takes: (columns) => columns.has('video_id') && (columns.has('sentence') || columns.size === 1),
  annotation: (row) => ({
    where: row.where,
    id: needed(row, 'video_id'),
    captions: row.get('sentence'),
  }),
};

/** Kinetics: clips are files of their own, called by the seconds that they were cut out at. */
export const kinetics: TableFormat = {
  title: 'Kinetics',
  video: '{}_{time_start}_{time_end}.mp4',
  takes: (columns) => ['youtube_id', 'time_start', 'time_end'].every((name) => columns.has(name)),
  annotation: (row) => {
    const seconds = (column: string): string => {
      const text = needed(row, column);
      if (/^\d{1,6}(?:\.0+)?$/.test(text)) return String(Math.trunc(Number(text))).padStart(6, '0');
      throw new LacunaError({
        what: `the column "${column}" holds no whole seconds`,
        where: row.where,
        got: show(text),
        expected: 'a whole number from 0 to 999999',
      });
    };
    return {
      where: row.where,
      id: needed(row, 'youtube_id'),
      fields: {
        time_start: seconds('time_start'),
        time_end: seconds('time_end'),
        label: row.get('label') ?? '',
      },
      label: row.get('label'),
      split: row.get('split'),
    };
  },
};

/** EPIC-KITCHENS: narrations of parts; an action has two classes, its verb and its noun. */
export const epicKitchens: TableFormat = {
  title: 'EPIC-KITCHENS',
  video: '{participant_id}/videos/{}.MP4',
  takes: (columns) => columns.has('narration') && columns.has('start_timestamp'),
  annotation: (row) => {
    const [verb, noun] = [row.get('verb'), row.get('noun')];
    const id = needed(row, 'video_id');
    return {
      where: row.where,
      id,
      fields: { participant_id: row.get('participant_id') ?? id.split('_')[0] ?? '' },
      captions: row.get('narration'),
      ...(verb === undefined || noun === undefined ? {} : { labels: { verb, noun } }),
      part: () => timePart(row.where, row.get('start_timestamp'), row.get('stop_timestamp')),
    };
  },
};

/** Charades: the script that was acted, and what others said of the video. */
export const charades: TableFormat = {
  title: 'Charades',
  video: '{}.mp4',
  takes: (columns) => ['id', 'script', 'descriptions'].every((name) => columns.has(name)),
  annotation: (row) => {
    const texts = [row.get('script'), ...(row.get('descriptions') ?? '').split(';')];
    const captions = texts.map((text) => text?.trim() ?? '').filter((text) => text !== '');
    return { where: row.where, id: needed(row, 'id'), captions };
  },
};

/** How columns are called in tables of anyone, the likeliest first. */
export const COLUMNS = {
  video: ['video', 'video_path', 'file_name', 'filename', 'filepath', 'file', 'path', 'image'],
  caption: ['caption', 'captions', 'text', 'sentence', 'description', 'title', 'name'],
  label: ['label', 'class'],
} as const;

/** Any table with a column of paths, as Hugging Face's `metadata.csv` is one. */
export const anyTable: TableFormat = {
  title: 'a table of videos',
  video: '{}',
  takes: (columns) => COLUMNS.video.some((name) => columns.has(name)),
  annotation: (row) => {
    const first = (names: readonly string[]): string | undefined =>
      names.map((name) => row.get(name)).find((value) => value !== undefined);
    const [start, end] = [row.get('start'), row.get('end')];
    const isPart = start !== undefined || end !== undefined;
    return {
      where: row.where,
      id: first(COLUMNS.video) ?? '',
      captions: first(COLUMNS.caption),
      label: first(COLUMNS.label),
      split: row.get('split'),
      ...(isPart ? { part: () => timePart(row.where, start, end) } : {}),
    };
  },
};

export const TABLES: readonly TableFormat[] = [
  webvid,
  kinetics,
  epicKitchens,
  msrvttTable,
  charades,
  anyTable,
];
