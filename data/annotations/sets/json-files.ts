import { LacunaError } from '../../../spec/errors.js';
import { type Annotation, fieldsIn, itemsIn, type JsonFormat, objects } from '../annotation.js';
import { timePart } from '../clip-part.js';
import type { JsonText, JsonValue } from '../json-text.js';
import { isVideoName } from '../list-folder.js';
import { show } from '../record-fields.js';
import { COLUMNS } from './tables.js';

/** Seconds of DiDeMo's pieces, in which its moments are counted. */
const DIDEMO_SECONDS = 5;

function text(where: string, value: unknown, key: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  throw new LacunaError({ what: `the entry has no usable "${key}"`, where, got: show(value) });
}

/** MSR-VTT's own file: `videos` with their splits, and `sentences`. */
const msrvttJson: JsonFormat = {
  title: 'MSR-VTT',
  video: '{}.mp4',
  takes: ({ keys }) => keys.includes('sentences') && keys.includes('videos'),
  *annotations(json) {
    const splits = new Map<unknown, unknown>();
    const named = (name: string): JsonValue | undefined =>
      [...json.members(json.root)].find(({ key }) => key === name);
    const [videos, sentences] = [named('videos'), named('sentences')];
    for (const { fields } of videos === undefined ? [] : objects(json, videos))
      splits.set(fields.video_id, fields.split);
    for (const { where, fields } of sentences === undefined ? [] : objects(json, sentences)) {
      const split = splits.get(fields.video_id);
      yield {
        where,
        id: text(where, fields.video_id, 'video_id'),
        captions: fields.caption,
        ...(typeof split === 'string' ? { split } : {}),
      };
    }
  },
};

/** Captions by name: MSVD's ids, or the files of MMAction2's video-text list. */
const captionsByName: JsonFormat = {
  title: 'MSVD',
  video: '{}.avi',
  takes: ({ kind, keys, first }) =>
    kind === 'object' && isTexts(first) && !isVideoName(keys[0] ?? ''),
  annotations: byName,
};
const captionsByFile: JsonFormat = {
  title: 'MMAction2 video-text',
  video: '{}',
  takes: ({ kind, keys, first }) =>
    kind === 'object' && isTexts(first) && isVideoName(keys[0] ?? ''),
  annotations: byName,
};

function* byName(json: JsonText): Generator<Annotation, void> {
  for (const member of json.members(json.root)) {
    const captions = json.valueOf(member);
    if (!isTexts(captions)) {
      throw new LacunaError({
        what: 'these are no captions',
        where: member.where,
        got: show(captions),
        expected: `an array of texts, as those of ${show(member.key)} should be`,
      });
    }
    yield { where: member.where, id: member.key, captions };
  }
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** ActivityNet Captions, and TACoS, whose times are frames: sentences with start and end, by video. */
const activityNetCaptions: JsonFormat = {
  title: 'ActivityNet Captions',
  video: '{}.mp4',
  isParagraph: true,
  takes: ({ kind, first }) =>
    kind === 'object' && hasSentences(first) && !('fps' in fieldsIn(first)),
  annotations: sentencesInTime,
};
const tacos: JsonFormat = {
  title: 'TACoS',
  video: '{}',
  takes: ({ kind, first }) => kind === 'object' && hasSentences(first) && 'fps' in fieldsIn(first),
  annotations: sentencesInTime,
};

function hasSentences(value: unknown): boolean {
  const { timestamps, sentences } = fieldsIn(value);
  return Array.isArray(timestamps) && Array.isArray(sentences);
}

function* sentencesInTime(json: JsonText): Generator<Annotation, void> {
  for (const { where, key, fields } of objects(json)) {
    const [times, sentences] = [itemsIn(fields.timestamps), itemsIn(fields.sentences)];
    const rate = fields.fps === undefined ? 1 : Number(fields.fps);
    if (times.length !== sentences.length || sentences.length === 0 || !(rate > 0)) {
      throw new LacunaError({
        what: 'the video has not as many times as sentences, or no rate of frames',
        where,
        got: `${times.length} times, ${sentences.length} sentences${fields.fps === undefined ? '' : `, fps ${show(fields.fps)}`}`,
      });
    }
    for (const [index, caption] of sentences.entries()) {
      const [start, end] = itemsIn(times[index]);
      const seconds = (time: unknown): unknown => (typeof time === 'number' ? time / rate : time);
      yield {
        where,
        id: key,
        captions: caption,
        part: () => timePart(where, seconds(start), seconds(end)),
      };
    }
  }
}

/**
 * DiDeMo: descriptions of moments, each placed by several people in pieces of 5 s. The part of a moment is
 * what most of them said; the first of those that as many said.
 */
const didemo: JsonFormat = {
  title: 'DiDeMo',
  video: '{}',
  isParagraph: true,
  takes: ({ kind, first }) =>
    kind === 'array' && 'description' in fieldsIn(first) && 'times' in fieldsIn(first),
  *annotations(json) {
    for (const { where, fields } of objects(json)) {
      yield {
        where,
        id: text(where, fields.video, 'video'),
        captions: fields.description,
        part: () => {
          const [start, end] = itemsIn(mostCommon(itemsIn(fields.times)));
          return timePart(
            where,
            DIDEMO_SECONDS * Number(start ?? Number.NaN),
            DIDEMO_SECONDS * (Number(end ?? Number.NaN) + 1),
          );
        },
      };
    }
  },
};

function mostCommon(values: readonly unknown[]): unknown {
  const counts = new Map<string, number>();
  const keys = values.map((value) => show(value));
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return values[keys.findIndex((key) => counts.get(key) === most)];
}

/** Something-Something V2: the class is the template without its brackets, as the label map has it. */
const somethingV2: JsonFormat = {
  title: 'Something-Something V2',
  video: '{}.webm',
  takes: ({ kind, first }) => {
    const keys = Object.keys(fieldsIn(first));
    return (
      kind === 'array' && keys.includes('id') && (keys.includes('template') || keys.length === 1)
    );
  },
  *annotations(json) {
    for (const { where, fields } of objects(json)) {
      const { id, label, template } = fields;
      yield {
        where,
        id: text(where, typeof id === 'number' ? String(id) : id, 'id'),
        captions: label,
        ...(typeof template === 'string' ? { label: template.replace(/[[\]]/g, '') } : {}),
      };
    }
  },
};

/** Actions with start and end, by video: ActivityNet, and what MMAction2 makes of it. */
const actions: JsonFormat = {
  title: 'actions of ActivityNet',
  video: '{}.mp4',
  takes: ({ keys, first }) =>
    keys.includes('database') || Array.isArray(fieldsIn(first).annotations),
  *annotations(json) {
    const database = [...json.members(json.root)].find(({ key }) => key === 'database');
    for (const { where, key, fields } of objects(json, database)) {
      const split = typeof fields.subset === 'string' ? { split: fields.subset } : {};
      const list = itemsIn(fields.annotations);
      if (list.length === 0) yield { where, id: key, ...split };
      for (const each of list) {
        const { segment, label } = fieldsIn(each);
        const [start, end] = itemsIn(segment);
        yield { where, id: key, label, ...split, part: () => timePart(where, start, end) };
      }
    }
  },
};

/** An array of objects with a path and captions, as UMT and many others have it. */
const anyArray: JsonFormat = {
  title: 'a JSON array of videos',
  video: '{}',
  takes: ({ kind, first }) =>
    kind === 'array' &&
    COLUMNS.video.some((name) => typeof fieldsIn(first)[name] === 'string') &&
    !isManyLabels(fieldsIn(first).label),
  *annotations(json) {
    for (const { where, fields } of objects(json)) {
      const first = (names: readonly string[]): unknown =>
        names.map((name) => fields[name]).find((value) => value !== undefined && value !== null);
      const { start, end, split } = fields;
      const isPart = start !== undefined || end !== undefined;
      yield {
        where,
        id: text(where, first(COLUMNS.video), 'video'),
        captions: first(COLUMNS.caption),
        label: first(COLUMNS.label),
        ...(typeof split === 'string' ? { split } : {}),
        ...(isPart ? { part: () => timePart(where, start, end) } : {}),
      };
    }
  },
};

/** Several classes of one video, by kind, as HVU has them. */
export function isManyLabels(label: unknown): boolean {
  return typeof label === 'object' && label !== null;
}

export const JSON_FILES: readonly JsonFormat[] = [
  msrvttJson,
  captionsByName,
  captionsByFile,
  activityNetCaptions,
  tacos,
  didemo,
  somethingV2,
  actions,
  anyArray,
];
