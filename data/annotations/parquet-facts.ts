import type { FileMetaData, SchemaTree } from 'hyparquet';
import { parquetSchema } from 'hyparquet';
import { openParquet, undecodable } from './open-parquet.js';

/** What the end of a Parquet file says of it, without its values. */
export interface ParquetFacts {
  readonly rows: number;
  readonly rowGroups: number;
  readonly writer: string;
  /** Columns that there are; of more than `MAX_TOLD` the first are told. */
  readonly columnCount: number;
  readonly columns: readonly ParquetColumn[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ParquetColumn {
  readonly name: string;
  /** `BYTE_ARRAY (UTF8)`, `list of FLOAT`, `group of 3`. */
  readonly type: string;
  /** Values of all its rows: of lists more than rows. */
  readonly values: number;
}

/** Columns, and texts of metadata, that are told, and characters of each. */
const MAX_TOLD = 1000;
const MAX_TEXT = 4000;

/**
 * Reads the end of a Parquet file, in a process of its own as `parquetRows`.
 *
 * @throws LacunaError for what cannot be decoded.
 */
export async function parquetFacts(path: string): Promise<ParquetFacts> {
  try {
    const { metadata, close } = await openParquet(path);
    await close();
    const { children } = parquetSchema(metadata);
    return {
      rows: Number(metadata.num_rows),
      rowGroups: metadata.row_groups.length,
      writer: cut(metadata.created_by ?? ''),
      columnCount: children.length,
      columns: children.slice(0, MAX_TOLD).map((column) => columnOf(column, metadata)),
      metadata: Object.fromEntries(
        (metadata.key_value_metadata ?? [])
          .slice(0, MAX_TOLD)
          .map(({ key, value = '' }) => [cut(key), cut(value)]),
      ),
    };
  } catch (error) {
    throw undecodable(path, error);
  }
}

function columnOf(column: SchemaTree, { row_groups: groups }: FileMetaData): ParquetColumn {
  const { name } = column.element;
  let values = 0;
  for (const { columns } of groups) {
    for (const { meta_data: own } of columns) {
      if (own?.path_in_schema[0] === name) values += Number(own.num_values);
    }
  }
  return { name: cut(name), type: typeOf(column), values };
}

function typeOf({ element, children }: SchemaTree): string {
  const { type, converted_type: means, num_children: count = 0 } = element;
  const [list] = children;
  const [item] = list?.children ?? [];
  if (means === 'LIST' && children.length === 1 && item !== undefined)
    return `list of ${item.element.type ?? 'groups'}`;
  if (type === undefined) return `group of ${count}`;
  return means === undefined ? type : `${type} (${means})`;
}

function cut(text: string): string {
  return text.slice(0, MAX_TEXT);
}
