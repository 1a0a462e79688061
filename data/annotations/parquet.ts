import type { ChildProcess } from 'node:child_process';
import { LacunaError } from '../../spec/errors.js';
import { startProcess } from '../start-worker.js';
import type { Annotation, AnnotationFormat } from './annotation.js';
import { timePart } from './clip-part.js';
import type { ParquetFacts } from './parquet-facts.js';
import type { ParquetRow } from './parquet-rows.js';
import type { FromParquetWorker, ToParquetWorker } from './parquet-worker.js';
import { show } from './record-fields.js';

/** A Parquet file with a column of paths, as data sets on the Hugging Face Hub have it. */
export const parquet: AnnotationFormat = { title: 'Parquet', video: '{}' };

/**
 * What the process that decodes may hold, in MiB: a few bytes of such a file can stand for as many values
 * as there are numbers, and the library makes them all.
 */
const MAX_HEAP_MIB = 1024;
/** Seconds for an answer: the rows of one row group, or what the end of a file says. */
const MAX_SECONDS = 120;

/**
 * The rows of a Parquet file. It is decoded in a process of its own, which is ended when it takes too much
 * and which may die: a thread would take this process with it.
 *
 * @throws LacunaError for a file that cannot be decoded, and for a row without a path.
 */
export async function* parquetAnnotations(
  path: string,
  maxHeapMib: number = MAX_HEAP_MIB,
): AsyncGenerator<Annotation, void> {
  const decoder = new ParquetProcess(maxHeapMib);
  try {
    yield* decoder.annotations(path);
  } finally {
    decoder.end();
  }
}

/** What the end of a Parquet file says of it. @throws LacunaError for a file that cannot be decoded. */
export async function parquetFactsOf(path: string): Promise<ParquetFacts> {
  const decoder = new ParquetProcess();
  try {
    return await decoder.facts(path);
  } finally {
    decoder.end();
  }
}

/** A process that decodes Parquet files, one after the other; there is another one after it has died. */
export class ParquetProcess {
  readonly #maxHeapMib: number;
  #worker: ChildProcess | undefined;

  constructor(maxHeapMib: number = MAX_HEAP_MIB) {
    this.#maxHeapMib = maxHeapMib;
  }

  /** The rows of a file; what was read before is not gone on with. */
  async *annotations(path: string): AsyncGenerator<Annotation, void> {
    let message = await this.#ask(path, { kind: 'read', path });
    while (message.kind === 'rows') {
      for (const row of message.rows) yield annotationOf(path, row);
      message = await this.#ask(path, { kind: 'next' });
    }
  }

  /** What the end of a file says of it. */
  async facts(path: string): Promise<ParquetFacts> {
    const message = await this.#ask(path, { kind: 'facts', path });
    if (message.kind === 'facts') return message.facts;
    throw tooMuch(path, `it answers ${message.kind}`);
  }

  end(): void {
    this.#worker?.kill('SIGKILL');
    this.#worker = undefined;
  }

  /** @throws LacunaError where the process refuses the file, dies of it, or is late. */
  #ask(path: string, question: ToParquetWorker): Promise<FromParquetWorker> {
    // One that died of nothing that was asked, as where memory is short, says nothing of this file.
    if (this.#worker !== undefined && hasEnded(this.#worker) && question.kind !== 'next')
      this.end();
    this.#worker ??= startProcess('data/annotations/parquet-worker', [], {
      maxHeapMib: this.#maxHeapMib,
    });
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        worker.off('message', onMessage).off('exit', onExit).off('error', onError);
        act();
      };
      const fail = (got: string): void =>
        settle(() => {
          this.end();
          reject(tooMuch(path, got));
        });
      const onMessage = (message: unknown): void =>
        settle(() => {
          const answer = message as FromParquetWorker;
          if (answer.kind === 'refused') reject(new LacunaError(answer.facts));
          else resolve(answer);
        });
      const onExit = (code: number | null, signal: string | null): void =>
        fail(`its process ended (${signal ?? code})`);
      const onError = (error: Error): void => fail(error.message);
      const timer = setTimeout(() => fail('no answer in time'), 1000 * MAX_SECONDS);
      worker.on('message', onMessage).on('exit', onExit).on('error', onError);
      if (hasEnded(worker)) onExit(worker.exitCode, worker.signalCode);
      else worker.send(question);
    });
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function tooMuch(path: string, got: string): LacunaError {
  return new LacunaError({
    where: path,
    what: 'the Parquet file is damaged, or takes too much to decode',
    got,
    expected: `at most ${MAX_HEAP_MIB} MiB, and ${MAX_SECONDS} s for a row group, or for what its end says`,
    fix: 'Write it again with smaller row groups, or as JSON Lines.',
  });
}

function annotationOf(
  path: string,
  { row, video, captions, label, start, end, split }: ParquetRow,
): Annotation {
  const where = `${path}: row ${row}`;
  if (typeof video !== 'string') {
    throw new LacunaError({
      where,
      what: 'the row has no path of a video',
      got: show(video),
      expected: 'a text',
    });
  }
  const isPart = (start ?? end ?? undefined) !== undefined;
  return {
    where,
    id: video,
    captions,
    label,
    ...(typeof split === 'string' ? { split } : {}),
    ...(isPart ? { part: () => timePart(where, start, end) } : {}),
  };
}
