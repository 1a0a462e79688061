import type { HostTensor } from '../../core/backend.js';
import {
  type NpySource,
  npyTexts,
  replaceFileBy,
  type Written,
  writeNpy,
  writeNpz,
  writeParquet,
  writeSafetensorsPieces,
} from '../../formats/index.js';
import { LacunaError } from '../../spec/index.js';
import type { VectorName, VectorRows } from './vector-rows.js';

/** Kinds of files that vectors are written to, by the ending of their names. */
export const VECTOR_FORMATS = ['safetensors', 'npy', 'npz', 'parquet'] as const;
export type VectorFormat = (typeof VECTOR_FORMATS)[number];

/** The kind of file that a name asks for. @throws LacunaError for another ending. */
export function vectorFormat(path: string): VectorFormat {
  const found = VECTOR_FORMATS.find((format) => path.toLowerCase().endsWith(`.${format}`));
  if (found !== undefined) return found;
  throw new LacunaError({
    where: path,
    what: 'vectors are not written to such a file',
    expected: `a name that ends with ${VECTOR_FORMATS.map((format) => `.${format}`).join(', ')}`,
  });
}

/** @throws LacunaError where a row of such a file cannot hold all tokens of a clip. */
export function requireHolds(path: string, hasTokens: boolean): void {
  if (vectorFormat(path) !== 'parquet' || !hasTokens) return;
  throw new LacunaError({
    where: path,
    what: 'a row of a Parquet file holds one vector, and not all tokens of a clip',
    fix: 'Name a file that ends with .safetensors, .npy or .npz.',
  });
}

/** The name of the array, or tensor, of vectors. */
export const VECTORS = 'vectors';

/**
 * Writes vectors in their order, one by one; the file is there whole or not at all.
 * - `safetensors`: the tensor `vectors` f32 [N, D] or [N, K, D]; `about` as the text `lacuna` of its header.
 * - `npy`: that array.
 * - `npz`: it, and the texts `ids`, `labels` and `captions` of its rows.
 * - `parquet`: the columns `ids`, `labels`, `captions` and `vectors`, a list of floats; of tokens none.
 */
export async function writeVectors(
  path: string,
  { names, shape, values }: VectorRows,
  about: object,
): Promise<Written> {
  const whole = [names.length, ...shape];
  const format = vectorFormat(path);
  const vectors: NpySource = { type: '<f4', shape: whole, pieces: values };
  let written: Written | undefined;
  await replaceFileBy(path, async (partial) => {
    switch (format) {
      case 'safetensors': {
        const tensor = { name: VECTORS, dtype: 'f32', shape: whole } as const;
        const pieces = (): AsyncIterable<HostTensor['data']> => values();
        const metadata = { lacuna: JSON.stringify(about) };
        written = await writeSafetensorsPieces(partial, [tensor], pieces, metadata);
        return;
      }
      case 'npy':
        written = await writeNpy(partial, vectors);
        return;
      case 'npz':
        written = await writeNpz(partial, { [VECTORS]: vectors, ...textsOf(names) });
        return;
      case 'parquet': {
        const metadata = { lacuna: JSON.stringify(about) };
        const table = { name: VECTORS, width: shape[0] ?? 0, metadata, rows: values };
        written = await writeParquet(partial, { ...table, texts: columnsOf(names) });
        return;
      }
      default:
        format satisfies never;
    }
  });
  return written as Written;
}

type Columns = Readonly<Record<'ids' | 'labels' | 'captions', readonly (string | undefined)[]>>;

function columnsOf(names: readonly VectorName[]): Columns {
  return {
    ids: names.map(({ id }) => id),
    labels: names.map(({ label }) => label),
    captions: names.map(({ caption }) => caption?.text),
  };
}

/** The columns as arrays of NumPy, which have no text that is not there. */
function textsOf(names: readonly VectorName[]): Readonly<Record<string, NpySource>> {
  return Object.fromEntries(
    Object.entries(columnsOf(names)).map(([name, texts]) => [
      name,
      npyTexts(texts.map((text) => text ?? '')),
    ]),
  );
}
