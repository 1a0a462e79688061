import { type ErrorFacts, LacunaError } from '../../spec/errors.js';
import { type ParquetRow, parquetRows } from './parquet-rows.js';

/** What the process is asked: to read a file, which ends what it reads, or for more of it. */
export type ToParquetWorker =
  | { readonly kind: 'read'; readonly path: string }
  | { readonly kind: 'next' };

/** What it answers each time, and then waits. */
export type FromParquetWorker =
  | { readonly kind: 'rows'; readonly rows: readonly ParquetRow[] }
  | { readonly kind: 'end' }
  | { readonly kind: 'refused'; readonly facts: ErrorFacts };

/** Reads a file, to its end or until another one is wanted: that one. */
async function read(path: string): Promise<ToParquetWorker> {
  try {
    for await (const rows of parquetRows(path)) {
      const asked = await answer({ kind: 'rows', rows });
      if (asked.kind === 'read') return asked;
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
for (let asked = await question(); ; ) {
  asked = await read(asked.kind === 'read' ? asked.path : '');
}
