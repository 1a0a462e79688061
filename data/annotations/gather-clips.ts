import { LacunaError } from '../../spec/errors.js';
import type { Annotation, AnnotationFormat } from './annotation.js';
import { ClipListBuilder } from './clip-list-builder.js';
import { type ClipPart, partName } from './clip-part.js';
import type { ClipList, ClipRecord } from './clip-record.js';
import { MAX_CAPTIONS, MAX_RECORDS } from './limits.js';
import { labelOf, labelsOf, show, usableCaptions, videoPath } from './record-fields.js';
import { idsOf, isSplitFile, ToldSplits, unknownId } from './told-splits.js';

/** What of a data set is wanted, and where its videos lie. */
export interface ClipListOptions {
  /** The path of a video: `{}` is its id. @defaultValue as the set calls its files */
  readonly video?: string | undefined;
  /** A split by its name (train, val, test), as the file tells it; or a file with the ids of one, one a line. */
  readonly split?: string | undefined;
  /**
   * Whether each part of a video that has texts of its own is a record of its own. @defaultValue false for
   * sets whose texts are one paragraph together (ActivityNet Captions, DiDeMo), true for others
   */
  readonly parts?: boolean | undefined;
}

/** The first of what is asked of annotations; undefined where nothing is. */
export function askedOf(options: ClipListOptions): keyof ClipListOptions | undefined {
  return (['split', 'video', 'parts'] as const).find((key) => options[key] !== undefined);
}

/** @throws LacunaError where something is asked of annotations, and a folder is given. */
export function requireNothingAsked(options: ClipListOptions, folder: string): void {
  const asked = askedOf(options);
  if (asked === undefined) return;
  throw new LacunaError({
    where: `--${asked}`,
    what: 'this is for annotation files, and here is a folder',
    got: folder,
  });
}

/** A class, or several: what is written into a record as it is. */
type Classes = Pick<ClipRecord, 'label' | 'labels'>;

interface Gathered {
  readonly where: string;
  readonly id: string;
  readonly fields: Annotation['fields'];
  readonly part: ClipPart | undefined;
  readonly captions: unknown[];
  readonly classes: Classes;
}

/**
 * A list of what a data set's file says: all that is about one video, or one part of it, is one record.
 *
 * @param onNote Told, in a sentence, what of the file was not taken.
 */
export async function gatherClips(
  path: string,
  format: AnnotationFormat,
  annotations: AsyncIterable<Annotation> | Iterable<Annotation>,
  { video = format.video, split, parts = format.isParagraph !== true }: ClipListOptions,
  onNote: (sentence: string) => void,
): Promise<ClipList> {
  const builder = new ClipListBuilder(path, format.title);
  const clips = new Map<string, Gathered>();
  const told = new ToldSplits(path, split);
  for await (const annotation of annotations) {
    const { where } = annotation;
    if (!told.takes(annotation.split)) continue;
    builder.line(() => gather(clips, annotation, parts, (error) => builder.countBadPart(error)));
    if (clips.size > MAX_RECORDS) {
      throw new LacunaError({
        what: 'the list is too long',
        where,
        expected: `at most ${MAX_RECORDS} videos`,
      });
    }
  }
  told.check(onNote);
  const chosen =
    split === undefined || !isSplitFile(split)
      ? clips.values()
      : await ofIds(path, split, clips, builder);
  for (const { where, id, fields = {}, part, captions, classes } of chosen) {
    builder.line(() => {
      const record = {
        video: videoPath(where, pathOf(video, id, fields)),
        ...(part === undefined ? {} : { part }),
        ...classes,
      };
      builder.addCaptioned(where, record, usableCaptions(where, captions));
    });
  }
  return builder.build();
}

function gather(
  clips: Map<string, Gathered>,
  { where, id, fields, captions, label, labels, part: read }: Annotation,
  parts: boolean,
  onBadPart: (error: LacunaError) => void,
): void {
  let part: ClipPart | undefined;
  try {
    part = parts ? read?.() : undefined;
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    onBadPart(error);
    return;
  }
  // Labels of parts say nothing of the whole.
  const classes = read !== undefined && !parts ? {} : classesOf(where, { label, labels });
  const key = part === undefined ? id : `${id}${partName(part)}`;
  const known = clips.get(key);
  if (known !== undefined && !isSame(known.classes, classes)) {
    throw new LacunaError({
      what: 'the video, or the part of it, has two labels',
      where,
      got: `${shown(classes)} for ${show(key)}, which is ${shown(known.classes)} at ${known.where}`,
      expected: 'one class of each',
    });
  }
  const clip = known ?? { where, id, fields, part, captions: [], classes };
  if (known === undefined) clips.set(key, clip);
  const texts: readonly unknown[] = Array.isArray(captions) ? captions : [captions];
  for (const text of texts) {
    if (text === undefined || text === null) continue;
    if (clip.captions.length <= MAX_CAPTIONS) clip.captions.push(text); // one more is refused with its line
  }
}

function classesOf(where: string, given: Pick<Annotation, 'label' | 'labels'>): Classes {
  const labels = labelsOf(where, given.labels);
  if (labels !== undefined) return { labels };
  const label = labelOf(where, given.label);
  return label === undefined ? {} : { label };
}

/** In full: what is shown of long ones may be the same. */
function isSame(one: Classes, other: Classes): boolean {
  return JSON.stringify(one.labels ?? one.label) === JSON.stringify(other.labels ?? other.label);
}

function shown({ label, labels }: Classes): string {
  return show(labels ?? label);
}

/** A path by its pattern; a field that is empty takes the slash behind it away. */
function pathOf(pattern: string, id: string, fields: Readonly<Record<string, string>>): string {
  return pattern.replace(/\{(\w*)\}(\/?)/g, (all, name: string, slash: string) => {
    const value = name === '' ? id : Object.hasOwn(fields, name) ? (fields[name] ?? '') : all;
    return value === '' || value === all ? value : `${value}${slash}`;
  });
}

/** What was gathered of the ids of a split, in the order of the split. */
async function ofIds(
  path: string,
  split: string,
  clips: ReadonlyMap<string, Gathered>,
  builder: ClipListBuilder,
): Promise<readonly Gathered[]> {
  builder.refuseBadLines(); // an id may be on one of them
  const byId = new Map<string, Gathered[]>();
  for (const clip of clips.values()) {
    const own = byId.get(clip.id);
    if (own === undefined) byId.set(clip.id, [clip]);
    else own.push(clip);
  }
  const chosen: Gathered[] = [];
  for await (const { where, id } of idsOf(split)) {
    const own = byId.get(id);
    if (own === undefined) throw unknownId(path, where, id);
    chosen.push(...own);
  }
  return chosen;
}
