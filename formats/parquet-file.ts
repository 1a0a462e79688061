import type { SchemaElement } from 'hyparquet-writer';
import { LacunaError } from '../spec/index.js';
import { FileWriter, type Written } from './whole-file.js';

/** A table of vectors with texts beside them. */
export interface ParquetVectors {
  /** The name of the column of vectors. */
  readonly name: string;
  /** D. */
  readonly width: number;
  /** The columns of texts, one text a row; undefined for none. */
  readonly texts: Readonly<Record<string, readonly (string | undefined)[]>>;
  /** In the file's metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  rows(): AsyncIterable<Float32Array>;
}

/** Numbers of a row group, so that the memory is that of one. */
const GROUP_NUMBERS = 2 ** 20;

/**
 * Writes a Parquet file with hyparquet-writer, row group by row group: texts as optional strings, vectors as
 * `list<float>` without nulls, not packed.
 *
 * @throws LacunaError where there are more or fewer vectors than texts, or one has another width.
 */
export async function writeParquet(path: string, table: ParquetVectors): Promise<Written> {
  const { name, width, texts, metadata } = table;
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const file = await FileWriter.create(path);
  try {
    const writer = new ByteWriter();
    const flush = async (): Promise<void> => {
      await file.write(writer.getBytes());
      writer.index = 0;
    };
    const parquet = new ParquetWriter({
      writer,
      schema: schemaOf(name, Object.keys(texts)),
      statistics: false,
      kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      createdBy: 'lacuna',
    });
    let done = 0;
    let group: number[][] = [];
    const size = Math.max(1, Math.floor(GROUP_NUMBERS / width));
    const requireTexts = (vectors: number, fits: (texts: number) => boolean): void => {
      const wrong = Object.values(texts).find((all) => !fits(all.length));
      if (wrong !== undefined) throw wrongSize(path, `${vectors} vectors`, `${wrong.length}`);
    };
    const write = async (): Promise<void> => {
      requireTexts(done + group.length, (count) => count >= done + group.length);
      const columns = Object.entries(texts).map(([column, all]) => ({
        name: column,
        data: all.slice(done, done + group.length).map((text) => text ?? null),
      }));
      await parquet.write({
        columnData: [
          ...columns,
          { name, data: group, encoding: 'PLAIN', codec: 'UNCOMPRESSED', offsetIndex: false },
        ],
        rowGroupSize: size,
      });
      await flush();
      done += group.length;
      group = [];
    };
    for await (const row of table.rows()) {
      if (row.length !== width) throw wrongSize(path, `a vector of ${row.length}`, `of ${width}`);
      group.push(Array.from(row));
      if (group.length === size) await write();
    }
    if (group.length > 0) await write();
    requireTexts(done, (count) => count === done);
    await parquet.finish();
    await flush();
    return await file.finish();
  } catch (error) {
    await file.abandon();
    throw error;
  }
}

function schemaOf(vectors: string, texts: readonly string[]): SchemaElement[] {
  return [
    { name: 'root', num_children: texts.length + 1 },
    ...texts.map(
      (name): SchemaElement => ({
        name,
        type: 'BYTE_ARRAY',
        converted_type: 'UTF8',
        repetition_type: 'OPTIONAL',
      }),
    ),
    { name: vectors, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  ];
}

function wrongSize(where: string, got: string, expected: string): LacunaError {
  return new LacunaError({ where, what: 'the vectors do not fit their file', got, expected });
}
