import { extname } from 'node:path';
import { decodeNpy, readPlainFile, SafetensorsFile } from '../../formats/index.js';
import { LacunaError, matrixRows, type SimilarityRows } from '../../spec/index.js';

/** 8,000 x 8,000 in double. */
const MAX_BYTES = 2 ** 29;

export interface ScoreFlags {
  /** The tensor of a safetensors file that has several. */
  readonly tensor?: string;
  /** Rows are videos. */
  readonly transpose?: boolean;
}

/**
 * A score matrix [texts, videos] from a file of somebody else: `.npy`, `.safetensors`, or numbers in lines with
 * commas (`.csv`).
 *
 * @throws LacunaError for what is no matrix of numbers.
 */
export async function readScores(path: string, flags: ScoreFlags): Promise<SimilarityRows> {
  const { shape, values } = await readArray(path, flags);
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2 || rows === 0 || columns === 0) {
    throw new LacunaError({
      where: path,
      what: 'the scores are no matrix',
      got: `shape [${shape.join(', ')}]`,
      expected: '[texts, videos], or [videos, texts] with --transpose',
    });
  }
  if (flags.transpose !== true) return matrixRows(values, rows, columns);
  const turned = values.slice();
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + row] = values[row * columns + column] as number;
    }
  }
  return matrixRows(turned, columns, rows);
}

interface NumberArray {
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array;
}

async function readArray(path: string, { tensor }: ScoreFlags): Promise<NumberArray> {
  const ending = extname(path).toLowerCase();
  if (ending === '.safetensors') return readTensor(path, tensor);
  const bytes = await readPlainFile(path, MAX_BYTES);
  if (ending === '.npy') return decodeNpy(bytes, path);
  if (ending === '.csv') return decodeNumbers(bytes.toString('utf8'), path);
  throw new LacunaError({
    where: path,
    what: 'the ending of the name does not say what is in the file',
    got: JSON.stringify(ending),
    expected: '.npy, .safetensors or .csv',
  });
}

async function readTensor(path: string, wanted: string | undefined): Promise<NumberArray> {
  const file = await SafetensorsFile.open(path);
  try {
    const names = [...file.tensors.keys()];
    const name = wanted ?? (names.length === 1 ? names[0] : undefined);
    if (name === undefined || !names.includes(name)) {
      throw new LacunaError({
        where: path,
        what: wanted === undefined ? 'it holds several tensors' : 'the file has no such tensor',
        got: wanted ?? `${names.length}`,
        expected: `--tensor with one of ${names.slice(0, 8).join(', ')}`,
      });
    }
    const { dtype, shape, data } = await file.read(name);
    if (data instanceof Float32Array || data instanceof Float64Array)
      return { shape, values: data };
    throw new LacunaError({
      where: `${path}: ${name}`,
      what: 'the scores are of a type that is not read',
      got: dtype,
      expected: 'F32 or F64',
    });
  } finally {
    await file.close();
  }
}

/** Lines of numbers with commas; a first line without any number names the columns and is passed over. */
function decodeNumbers(text: string, where: string): NumberArray {
  const lines = text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line, index) => [index + 1, line.trim()] as const)
    .filter(([, line]) => line !== '');
  const isNumber = (field: string): boolean => field.trim() !== '' && !Number.isNaN(Number(field));
  const [first] = lines;
  if (
    first !== undefined &&
    !first[1].split(',').some((field) => isSpelled(field) || isNumber(field))
  )
    lines.shift();
  const rows = lines.map(([number, line]) =>
    line.split(',').map((field, column) => {
      if (isSpelled(field)) return Number.NaN; // refused later, with its row and column
      if (isNumber(field)) return Number(field);
      throw new LacunaError({
        where: `${where}:${number}`,
        what: 'a field is no number',
        got: `${JSON.stringify(field.slice(0, 40))} in column ${column}`,
        expected:
          'numbers with commas between, as numpy.savetxt(FILE, scores, delimiter=",") writes them',
      });
    }),
  );
  const width = rows[0]?.length ?? 0;
  const ragged = rows.findIndex((row) => row.length !== width);
  if (ragged >= 0) {
    throw new LacunaError({
      where: `${where}:${lines[ragged]?.[0] ?? 0}`,
      what: 'the lines are of different lengths',
      got: `${rows[ragged]?.length ?? 0} numbers`,
      expected: `${width}, as on the first line`,
    });
  }
  return { shape: [rows.length, width], values: Float64Array.from(rows.flat()) };
}

function isSpelled(field: string): boolean {
  return /^\s*[+-]?nan\s*$/i.test(field);
}
