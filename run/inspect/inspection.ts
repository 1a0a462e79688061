/** What a file or a folder holds, as plain data. */
export interface Inspection {
  readonly path: string;
  /** What it is: `a safetensors file`. */
  readonly kind: string;
  /** SHA-256, hex: of a file its bytes; of a folder the names and digests of the files below. */
  readonly digest: string;
  readonly files: readonly InspectedFile[];
  /** What is known of it, by name. */
  readonly facts: Readonly<Record<string, string | number>>;
  readonly tensors: readonly InspectedTensor[];
}

export interface InspectedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface InspectedTensor {
  readonly name: string;
  /** As the file calls it: F32. */
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
  /** What it is: `input` or `output` of a graph, a `column` of texts or of a table, or numbers. @defaultValue numbers */
  readonly role?: 'input' | 'output' | 'column';
}

/** Numbers of all weights. */
export function numbersIn(tensors: readonly InspectedTensor[]): number {
  let total = 0;
  for (const { shape, role } of tensors) {
    if (role === undefined) total += shape.reduce<number>((product, n) => product * Number(n), 1);
  }
  return total;
}
