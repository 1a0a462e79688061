import type { ClipPart } from './clip-part.js';
import type { JsonText, JsonValue } from './json-text.js';
import type { Line } from './read-lines.js';
import type { TableRow } from './text-table.js';

/** What an annotation file says of one video, or of a part of one; several may be about the same. */
export interface Annotation {
  /** `FILE:LINE`, for messages. */
  readonly where: string;
  /** What the file calls the video: a name that the path is made of, or the path itself. */
  readonly id: string;
  /** More that the path is made of, by name. */
  readonly fields?: Readonly<Record<string, string>>;
  /** A text or several. */
  readonly captions?: unknown;
  readonly label?: unknown;
  /** Its classes by what each is about, where it has several; then it has no `label`. */
  readonly labels?: unknown;
  /** The part that it is about. @throws LacunaError for one that is none */
  readonly part?: (() => ClipPart) | undefined;
  /** The split that the file says it is of: `train`, `val`, `test`, ... */
  readonly split?: string | undefined;
}

/** How the annotation files of a data set are told and read. */
export interface AnnotationFormat {
  /** As people write it. */
  readonly title: string;
  /** The path of a video where nothing else is said: `{}` is its id, `{name}` a field. */
  readonly video: string;
  /**
   * Whether the texts of a video are taken together as its captions unless parts are asked for: they
   * were written to be one paragraph.
   */
  readonly isParagraph?: boolean;
}

/** A table whose first line names the columns. */
export interface TableFormat extends AnnotationFormat {
  takes(columns: ReadonlySet<string>): boolean;
  annotation(row: TableRow): Annotation;
}

/** One JSON value; `first` is the first member of it, with what it says. */
export interface JsonFormat extends AnnotationFormat {
  takes(shape: JsonShape): boolean;
  annotations(json: JsonText): Iterable<Annotation>;
}

/** By what JSON files are told apart. */
export interface JsonShape {
  readonly kind: 'array' | 'object' | 'other';
  /** The keys of an object, the first ones. */
  readonly keys: readonly string[];
  /** What the first member says, where that is short enough to be looked at. */
  readonly first: unknown;
}

/** A line a video. */
export interface LineFormat extends AnnotationFormat {
  takes(line: string): boolean;
  annotation(line: Line): Annotation;
}

/** A value as an object, or one without anything. */
export function fieldsIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

/** A value as an array, or an empty one. */
export function itemsIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** The members of a JSON file with their values, each an object. */
export function* objects(
  json: JsonText,
  parent: JsonValue = json.root,
): Generator<JsonValue & { readonly fields: Readonly<Record<string, unknown>> }, void> {
  for (const member of json.members(parent)) {
    yield { ...member, fields: fieldsIn(json.valueOf(member)) };
  }
}
