import { createHash } from 'node:crypto';
import { type ClipBatch, ClipLoader, type ClipLoaderOptions } from '../../data/index.js';

/** Processes that take turns, each with its rows of every batch, and the threads that each decodes with. */
const TURNS = [
  { processes: 2, workers: 1 },
  { processes: 4, workers: 2 },
  { processes: 1, workers: 4 },
] as const;

/**
 * The steps in which the rows of several processes, joined, are not the batch of one that reads straight
 * through: clips, draws, captions and what is told of them, to the bit. At each stop another number of processes
 * goes on.
 *
 * @param options Of one process; `batchSize` is a multiple of 4.
 * @param stops Steps after which others go on, in order.
 */
export async function otherRows(
  options: ClipLoaderOptions,
  steps: number,
  stops: readonly number[],
): Promise<readonly number[]> {
  const other: number[] = [];
  await using straight = await ClipLoader.open(options);
  const { stepsPerEpoch } = straight;
  for (const [i, from] of [0, ...stops].entries()) {
    const { processes, workers } = TURNS[i % TURNS.length] as (typeof TURNS)[number];
    const count = options.batchSize / processes;
    const start = { epoch: Math.floor(from / stepsPerEpoch), step: from % stepsPerEpoch };
    const loaders = await Promise.all(
      Array.from({ length: processes }, (_, p) =>
        ClipLoader.open({ ...options, workers, start, rows: { first: p * count, count } }),
      ),
    );
    try {
      for (let step = from; step < (stops[i] ?? steps); step++) {
        const rows = await Promise.all(loaders.map((loader) => loader.next()));
        if (digestOf([await straight.next()]) !== digestOf(rows)) other.push(step + 1);
      }
    } finally {
      await Promise.all(loaders.map((loader) => loader.close()));
    }
  }
  return other;
}

/** A digest of a batch that may lie in pieces. */
function digestOf(pieces: readonly ClipBatch[]): string {
  const digest = createHash('sha256');
  for (const { video } of pieces) digest.update(video);
  const told = [
    pieces.flatMap(({ samples }) => samples),
    pieces.flatMap(({ skipped }) => skipped),
    pieces.flatMap(({ incomplete }) => incomplete),
  ];
  return digest.update(JSON.stringify(told)).digest('hex');
}
