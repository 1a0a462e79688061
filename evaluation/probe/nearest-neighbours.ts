import type { Backend } from '../../core/backend.js';
import { withProgram } from '../../run/open-program.js';
import { featureCosines, type Model, ModelBuilder, neighbourVotes } from '../../spec/index.js';
import { type FeatureSet, places } from './feature-set.js';
import { featureTensor } from './judge-heads.js';
import { classNumbers, type Judged, judgedScores } from './judged.js';

/** Queries of a call, and features of known class that they are held to at once. */
const QUERIES = 256;
const BANK = 8192;

/** Neighbours of queries, the nearest first; of equally near ones that of the lower place. */
export interface Neighbours {
  /** How many each query has. */
  readonly count: number;
  /** [Q, count]: their cosines, and their places in the bank. */
  readonly similarity: Float32Array;
  readonly places: Int32Array;
}

/**
 * The nearest of `bank` to each of `queries`, by the cosine of their features.
 *
 * @param leaveOut A place of the bank that is no neighbour of a query: itself.
 */
export async function nearestNeighbours(
  backend: Backend,
  bank: FeatureSet,
  queries: FeatureSet,
  count: number,
  leaveOut: (query: number) => number | undefined = () => undefined,
): Promise<Neighbours> {
  const total = queries.labels.length;
  const known = bank.labels.length;
  const [q, b] = [Math.min(total, QUERIES), Math.min(known, BANK)];
  const lists = Array.from({ length: total }, () => new NearestList(count));
  await withProgram({ backend, state: {} }, cosineProgram(bank.width, q, b), async (run) => {
    for (const part of places(known, b)) {
      const features = await featureTensor(bank, filled(part, b));
      for (const chunk of places(total, q)) {
        const asked = await featureTensor(queries, filled(chunk, q));
        const { similarity } = await run({ queries: asked, bank: features });
        const values = similarity?.data as Float32Array;
        chunk.forEach((query, row) => {
          const own = leaveOut(query);
          part.forEach((place, column) => {
            if (place !== own) lists[query]?.add(values[row * b + column] as number, place);
          });
        });
      }
    }
  });
  const similarity = new Float32Array(total * count);
  const found = new Int32Array(total * count);
  lists.forEach((list, query) => {
    list.items.forEach(([value, place], rank) => {
      similarity[query * count + rank] = value;
      found[query * count + rank] = place;
    });
  });
  return { count, similarity, places: found };
}

/** What the first k neighbours of each query vote for. */
export async function neighbourVerdicts(
  backend: Backend,
  neighbours: Neighbours,
  k: number,
  classes: readonly string[],
  { bank, queries }: { readonly bank: readonly string[]; readonly queries: readonly string[] },
): Promise<Judged> {
  const total = queries.length;
  const numbers = classNumbers(bank, classes);
  const votes = new Float32Array(total * classes.length);
  const size = Math.min(total, QUERIES);
  const { count } = neighbours;
  const program = voteProgram(size, k, classes.length);
  await withProgram({ backend, state: {} }, program, async (run) => {
    for (const chunk of places(total, size)) {
      const similarity = new Float32Array(size * k);
      const labels = new Int32Array(size * k);
      filled(chunk, size).forEach((query, row) => {
        for (let i = 0; i < k; i++) {
          similarity[row * k + i] = neighbours.similarity[query * count + i] as number;
          labels[row * k + i] = numbers[neighbours.places[query * count + i] as number] as number;
        }
      });
      const outputs = await run({
        similarity: { dtype: 'f32', shape: [size, k], data: similarity },
        labels: { dtype: 'i32', shape: [size, k], data: labels },
      });
      const own = outputs.votes?.data as Float32Array;
      const start = (chunk[0] ?? 0) * classes.length;
      votes.set(own.subarray(0, chunk.length * classes.length), start);
    }
  });
  return judgedScores(votes, classNumbers(queries, classes));
}

/** The best `most` so far, sorted. */
class NearestList {
  readonly items: [number, number][] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  add(value: number, place: number): void {
    const { items } = this;
    const last = items.at(-1);
    if (items.length === this.#most && last !== undefined && value <= last[0]) return;
    let at = items.length;
    while (at > 0 && value > (items[at - 1]?.[0] ?? 0)) at -= 1;
    items.splice(at, 0, [value, place]);
    if (items.length > this.#most) items.pop();
  }
}

function filled(chunk: readonly number[], size: number): readonly number[] {
  return Array.from({ length: size }, (_, index) => chunk[index] ?? chunk[0] ?? 0);
}

function cosineProgram(width: number, queries: number, bank: number): Model {
  const model = new ModelBuilder('feature_cosines');
  const { program } = model;
  const asked = program.input('queries', 'f32', [queries, width], 'data');
  const known = program.input('bank', 'f32', [bank, width], 'data');
  program.output('similarity', featureCosines(asked, known));
  return model.finish();
}

function voteProgram(queries: number, count: number, classes: number): Model {
  const model = new ModelBuilder('neighbour_votes');
  const { program } = model;
  const similarity = program.input('similarity', 'f32', [queries, count], 'data');
  const labels = program.input('labels', 'i32', [queries, count], 'data');
  program.output('votes', neighbourVotes(similarity, labels, classes));
  return model.finish();
}
