import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { decompress as unpackZstd } from 'fzstd';
import type { Compressors, FileMetaData, SchemaTree } from 'hyparquet';
import { parquetReadObjects, parquetSchema, snappyUncompress } from 'hyparquet';
import { LacunaError } from '../../spec/errors.js';
import { MAX_RECORDS } from './limits.js';
import { MAX_BYTES, openParquet, undecodable } from './open-parquet.js';
import { COLUMNS } from './sets/tables.js';

/** What is read of a row; `row` counts from 1. */
export interface ParquetRow {
  readonly row: number;
  readonly video: unknown;
  readonly captions: unknown;
  readonly label: unknown;
  readonly start: unknown;
  readonly end: unknown;
  readonly split: unknown;
}

/** Rows that are given at a time. */
const BATCH = 4096;

/** Room for a page that says its length. */
function page(length: number): Uint8Array {
  if (!(length >= 0 && length <= MAX_BYTES)) throw new Error(`a page of it has ${length} bytes`);
  return new Uint8Array(length);
}

/** How pages are unpacked, none into more than a row group may have. */
const COMPRESSORS: Compressors = {
  SNAPPY: (input, length) => {
    const output = page(length);
    snappyUncompress(input, output);
    return output;
  },
  // Node has it from 22.15 on only.
  ZSTD: (input, length) => unpackZstd(input, page(length)),
  GZIP: (input) => new Uint8Array(gunzipSync(input, { maxOutputLength: MAX_BYTES })),
  BROTLI: (input) => new Uint8Array(brotliDecompressSync(input, { maxOutputLength: MAX_BYTES })),
};

/**
 * The rows of a Parquet file, some at a time.
 *
 * @throws LacunaError for a file that cannot be decoded. It may take any memory and any time: a file of a stranger is
 * decoded in a process of its own (`parquet.ts`).
 */
export async function* parquetRows(path: string): AsyncGenerator<readonly ParquetRow[], void> {
  try {
    yield* readRows(path);
  } catch (error) {
    throw undecodable(path, error);
  }
}

async function* readRows(path: string): AsyncGenerator<readonly ParquetRow[], void> {
  const { file, metadata, close } = await openParquet(path);
  try {
    const names = columnsOf(path, metadata);
    let row = 0;
    for (const { num_rows } of metadata.row_groups) {
      const count = Number(num_rows);
      if (!(count >= 0) || row + count > MAX_RECORDS)
        throw new Error(`it says that it has more than ${MAX_RECORDS} rows`);
      const columns = Object.values(names);
      const range = { rowStart: row, rowEnd: row + count };
      const found = await parquetReadObjects({
        file,
        metadata,
        columns,
        compressors: COMPRESSORS,
        ...range,
      });
      for (let start = 0; start < found.length; start += BATCH) {
        const batch = found.slice(start, start + BATCH);
        yield batch.map((fields, index) => rowOf(row + start + index + 1, fields, names));
      }
      row += count;
    }
  } finally {
    await close();
  }
}

type Names = Readonly<Partial<Record<Exclude<keyof ParquetRow, 'row'>, string>>>;

/** The columns that are read, by what they are. */
function columnsOf(path: string, metadata: FileMetaData): Names {
  const all = parquetSchema(metadata).children;
  const flat = new Map(all.map((column) => [column.element.name.toLowerCase(), column]));
  const first = (names: readonly string[]): SchemaTree | undefined =>
    names.map((name) => flat.get(name)).find((column) => column !== undefined);
  const video = first(COLUMNS.video);
  if (video === undefined || video.children.length > 0) {
    throw new LacunaError({
      where: path,
      what:
        video === undefined
          ? 'no column of the Parquet file names videos'
          : 'the videos lie inside the Parquet file, which is not read',
      got: `the columns ${all
        .map(({ element }) => element.name)
        .slice(0, 20)
        .join(', ')
        .slice(0, 200)}`,
      expected: `a column of paths called ${COLUMNS.video.join(', ')}`,
      ...(video === undefined
        ? {}
        : { fix: 'Write the videos to files, and their paths into the column.' }),
    });
  }
  const columns = {
    video,
    captions: first(COLUMNS.caption),
    label: first(COLUMNS.label),
    start: flat.get('start'),
    end: flat.get('end'),
    split: flat.get('split'),
  };
  return Object.fromEntries(
    Object.entries(columns).flatMap(([key, column]) =>
      column === undefined ? [] : [[key, column.element.name]],
    ),
  );
}

function rowOf(row: number, fields: Readonly<Record<string, unknown>>, names: Names): ParquetRow {
  const value = (key: keyof Names): unknown => {
    const name = names[key];
    const given = name === undefined ? undefined : fields[name];
    return typeof given === 'bigint' ? Number(given) : (given ?? undefined);
  };
  const [video, captions, label] = [value('video'), value('captions'), value('label')];
  return {
    row,
    video,
    captions,
    label,
    start: value('start'),
    end: value('end'),
    split: value('split'),
  };
}
