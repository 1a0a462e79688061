import { type ErrorFacts, LacunaError } from '../../spec/errors.js';
import { type ParquetFacts, parquetFacts } from './parquet-facts.js';
import { type ParquetRow, parquetRows } from './parquet-rows.js';

/** What the process is asked: for the rows of a file, for more of them, or what a file says of itself. */
export type ToParquetWorker =
  | { readonly kind: 'read' | 'facts'; readonly path: string }
  | { readonly kind: 'next' };

/** What it answers each time, and then waits. */
export type FromParquetWorker =
  | { readonly kind: 'rows'; readonly rows: readonly ParquetRow[] }
  | { readonly kind: 'end' }
  | { readonly kind: 'facts'; readonly facts: ParquetFacts }
  | { readonly kind: 'refused'; readonly facts: ErrorFacts };

/** Answers until something else is asked: that. */
async function answered(asked: ToParquetWorker): Promise<ToParquetWorker> {
  if (asked.kind === 'next') return answer({ kind: 'end' });
  try {
    if (asked.kind === 'facts')
      return await answer({ kind: 'facts', facts: await parquetFacts(asked.path) });
    for await (const rows of parquetRows(asked.path)) {
      const next = await answer({ kind: 'rows', rows });
      if (next.kind !== 'next') return next;
    }
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    return answer({ kind: 'refused', facts: error.facts });
  }
  return answer({ kind: 'end' });
}

function answer(message: FromParquetWorker): Promise<ToParquetWorker> {
  const asked = question();
  process.send?.(message);
  return asked;
}

function question(): Promise<ToParquetWorker> {
  return new Promise((resolve) => {
    process.once('message', (message) => resolve(message as ToParquetWorker));
  });
}

process.on('disconnect', () => process.exit()); // nobody is there any more
for (let asked = await question(); ; ) asked = await answered(asked);
