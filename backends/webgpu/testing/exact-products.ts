import type { HostTensor } from '../../../core/backend.js';
import { matmul, type Program, ProgramBuilder, sum } from '../../../spec/program/index.js';
import type { WebgpuBackend } from '../backend.js';

/** A product a b of integers, which must come out exactly: a term that is missing, or counted twice, shows. */
export interface ExactProduct {
  readonly m: number;
  readonly n: number;
  readonly terms: number;
  /** Whether a is given with its terms first; the sums of its columns are asked for then, too. */
  readonly termsFirst?: boolean;
}

/** How many elements the backend makes otherwise than they are, of the product and of the sums. */
export async function wrongElements(
  backend: WebgpuBackend,
  { m, n, terms, termsFirst = false }: ExactProduct,
): Promise<{ readonly wrong: number; readonly texts: readonly string[] }> {
  // Small enough for f16, and their sums for f32.
  const a = Array.from({ length: m * terms }, (_, i) => ((i * 7919) % 13) - 6);
  const b = Array.from({ length: terms * n }, (_, i) => ((i * 104_729) % 11) - 5);
  const at = (row: number, term: number): number =>
    a[termsFirst ? term * m + row : row * terms + term] as number;
  const product = Float32Array.from({ length: m * n }, (_, i) => {
    const [row, column] = [Math.floor(i / n), i % n];
    let total = 0;
    for (let term = 0; term < terms; term++)
      total += at(row, term) * (b[term * n + column] as number);
    return total;
  });
  const sums = Float32Array.from({ length: m }, (_, row) => {
    let total = 0;
    for (let term = 0; term < terms; term++) total += at(row, term);
    return total;
  });
  const shape = termsFirst ? [terms, m] : [m, terms];
  const executable = await backend.compile(programOf(shape, [terms, n], termsFirst));
  const inputs = {
    a: await backend.upload(floats(shape, a)),
    b: await backend.upload(floats([terms, n], b)),
  };
  const results = await executable.run(inputs);
  const differing = async (name: string, expected: Float32Array): Promise<number> => {
    const tensor = results[name];
    if (tensor === undefined) return 0;
    const { data } = await backend.download(tensor);
    backend.release(tensor);
    return expected.filter((x, i) => x !== data[i]).length;
  };
  const wrong = (await differing('product', product)) + (await differing('sums', sums));
  for (const tensor of Object.values(inputs)) backend.release(tensor);
  const texts = executable.sources.map(({ text }) => text);
  await executable.dispose();
  return { wrong, texts };
}

function programOf(a: readonly number[], b: readonly number[], termsFirst: boolean): Program {
  const builder = new ProgramBuilder('exact');
  const left = builder.input('a', 'f32', a, 'data');
  const right = builder.input('b', 'f32', b, 'data');
  builder.output('product', matmul(left, right, { transposeA: termsFirst }));
  if (termsFirst) builder.output('sums', sum(left, [0]));
  return builder.finish();
}

function floats(shape: readonly number[], data: readonly number[]): HostTensor {
  return { dtype: 'f32', shape: [...shape], data: Float32Array.from(data) };
}
