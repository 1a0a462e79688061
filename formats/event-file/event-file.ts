import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { OpenFile, openPlain, removeFile, syncFolder } from '../file-operations.js';
import { replaceFileOf } from '../whole-file.js';
import { EventSchema, SessionLog_SessionStatus } from './event_pb.js';
import { tfRecord, tfRecords } from './tf-record.js';

/** The name by which TensorBoard finds such a file; those of a folder are read in the order of their names. */
const NAME = /^events\.out\.tfevents\.(\d{10})\.lacuna$/;
const VERSION = 'brain.Event:2';

/** What a file begins with. */
export interface Beginning {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** What TensorBoard has of this step and later ones is void. */
  readonly goesOn: boolean;
}

/** Numbers by tag, of one step at one time. */
export interface Scalars {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/**
 * A file of TensorBoard events (a TFRecord file of `tensorboard.Event` messages) that is only added to. It
 * begins with the version of the format and, where a run goes on, with the sign by which TensorBoard
 * forgets what it has read of `begins.step` and later.
 */
export class EventFile {
  readonly #file: OpenFile;
  readonly #folder: string;

  private constructor(file: OpenFile, folder: string) {
    this.#file = file;
    this.#folder = folder;
  }

  /**
   * A new file in a folder, named so that it follows those which are there.
   *
   * @param begins Its first step, when it begins (seconds since 1970), and whether a run goes on with it.
   * @throws LacunaError where it cannot be written.
   */
  static async create(folder: string, begins: Beginning): Promise<EventFile> {
    const last = (await eventFiles(folder)).at(-1)?.second ?? 0;
    const second = Math.max(Math.floor(begins.wallTime), last + 1);
    const name = `events.out.tfevents.${String(second).padStart(10, '0')}.lacuna`;
    const file = new EventFile(await OpenFile.create(join(folder, name)), folder);
    try {
      await file.#file.write(encodeBeginning(begins));
      return file;
    } catch (error) {
      await file.close().catch(() => {});
      throw error;
    }
  }

  /** Adds numbers; durable after `sync`. */
  async add(scalars: Scalars): Promise<void> {
    await this.#file.write(encodeScalars(scalars));
  }

  /** Makes them durable, and the file's name. */
  async sync(): Promise<void> {
    await this.#file.sync();
    await syncFolder(this.#folder);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** What an event file begins with. */
export function encodeBeginning({ wallTime, step, goesOn }: Beginning): Uint8Array {
  const version = record({ wallTime, what: { case: 'fileVersion', value: VERSION } });
  if (!goesOn) return version;
  const status = SessionLog_SessionStatus.START;
  const start = record({
    wallTime,
    step: BigInt(step),
    what: { case: 'sessionLog', value: { $typeName: 'tensorboard.SessionLog', status } },
  });
  return Buffer.concat([version, start]);
}

/** An event with a scalar for each number, float32. */
export function encodeScalars({ wallTime, step, values }: Scalars): Uint8Array {
  const value = Object.entries(values).map(([tag, number]) => ({
    $typeName: 'tensorboard.Summary.Value' as const,
    tag,
    value: { case: 'simpleValue' as const, value: number },
  }));
  return record({
    wallTime,
    step: BigInt(step),
    what: { case: 'summary', value: { $typeName: 'tensorboard.Summary', value } },
  });
}

function record(event: Parameters<typeof create<typeof EventSchema>>[1]): Uint8Array {
  return tfRecord(toBinary(EventSchema, create(EventSchema, event)));
}

/** Drops what the event files of a folder have of steps after `step`, and what is damaged or torn. */
export async function cutEventFiles(folder: string, step: number): Promise<void> {
  for (const { path } of await eventFiles(folder)) await cutEventFile(path, step);
}

async function cutEventFile(path: string, step: number): Promise<void> {
  const isKept = (data: Uint8Array): boolean => {
    try {
      return fromBinary(EventSchema, data).step <= BigInt(step);
    } catch {
      return false; // no event
    }
  };
  let [end, kept, dropped] = [0, 0, 0];
  for await (const { data, end: next } of tfRecords(path)) {
    end = next;
    if (isKept(data)) kept++;
    else dropped++;
  }
  // The version alone says nothing.
  if (kept <= 1) return removeFile(path);
  const { handle, size } = await openPlain(path);
  await handle.close();
  if (dropped === 0 && end === size) return;
  await replaceFileOf(path, keptRecords(path, isKept));
}

async function* keptRecords(
  path: string,
  isKept: (data: Uint8Array) => boolean,
): AsyncGenerator<Uint8Array, void> {
  for await (const { data } of tfRecords(path)) if (isKept(data)) yield tfRecord(data);
}

/** Those of a folder that are ours, in the order in which they were begun. */
async function eventFiles(
  folder: string,
): Promise<readonly { readonly path: string; readonly second: number }[]> {
  const found = (await readdir(folder)).flatMap((name) => {
    const second = NAME.exec(name)?.[1];
    return second === undefined ? [] : [{ path: join(folder, name), second: Number(second) }];
  });
  return found.sort((a, b) => a.second - b.second);
}
