import { paddedBytes, TAR_END, tarHeader } from '../../formats/tar.js';
import { FileWriter, replaceFileBy } from '../../formats/whole-file.js';
import { LacunaError } from '../../spec/errors.js';
import type { ClipRecord } from '../annotations/clip-record.js';
import { MAX_LINE_BYTES } from '../annotations/limits.js';
import { type DataRoot, videoInRoot } from '../video/data-root.js';
import { videoPieces } from '../video/video-file.js';
import { type ClipRecipe, type ShardTools, type StoredClip, storedClip } from './stored-clip.js';

/** What the writing of shards goes by. */
export interface ShardWork {
  readonly root: DataRoot;
  readonly recipe: ClipRecipe;
}

/** A clip that was not taken, or not whole, and why. */
export interface ShardProblem {
  readonly id: string;
  readonly reason: string;
}

/**
 * Writes a shard: a tar of the clips of some records that follow each other in a list, whole or not at all.
 * Of record n there are `n.mp4` (or what else the clip is; of frames that are pictures `n.0000000.jpg`, ...), `n.json` with all that is known of it and, where
 * it has captions, `n.txt` with the first. A part of a video becomes a clip of its own.
 *
 * @param first The number of the first record in the list.
 * @param onDone Told of each record, with what is wrong with it.
 */
export async function writeShard(
  path: string,
  records: readonly ClipRecord[],
  first: number,
  { root, recipe }: ShardWork,
  tools: ShardTools,
  onDone: (problem: ShardProblem | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  await replaceFileBy(path, async (partial) => {
    const writer = await FileWriter.create(partial);
    try {
      for (const [i, record] of records.entries()) {
        signal.throwIfAborted();
        const key = String(first + i).padStart(9, '0');
        let problem: string | undefined;
        let clip: StoredClip;
        try {
          requireShort(JSON.stringify(factsOf(record)));
          clip = await storedClip(await videoInRoot(root, record), record, recipe, tools);
          problem = clip.problem;
        } catch (error) {
          if (!(error instanceof LacunaError)) throw error;
          const reason = new LacunaError({ ...error.facts, where: record.video }).message;
          onDone({ id: record.id, reason });
          continue;
        }
        for (const { path, bytes, ending } of clip.files)
          await addFile(writer, `${key}.${ending}`, bytes, videoPieces(path));
        await addText(writer, `${key}.json`, JSON.stringify(factsOf(record, clip.rate)));
        const [caption] = record.captions;
        if (caption !== undefined) await addText(writer, `${key}.txt`, caption);
        onDone(problem === undefined ? undefined : { id: record.id, reason: problem });
      }
      await writer.write(TAR_END);
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    await writer.finish();
  });
}

/** What `.json` says: the keys of a list's line, with `source` for where the clip comes from; of pictures, frames a second. */
function factsOf({ video, captions, label, labels, part }: ClipRecord, rate?: number): object {
  return { captions, label, labels, source: video, part, rate };
}

/** Bytes of a line of the index beside what is told of a clip: the shard's name, and the place in it. */
const LINE_ROOM = 2 ** 10;

/** @throws LacunaError for what no scan of the shard could read. */
function requireShort(facts: string): void {
  const bytes = Buffer.byteLength(facts);
  if (bytes + LINE_ROOM <= MAX_LINE_BYTES) return;
  throw new LacunaError({
    what: 'the captions and labels of the clip are too long for a shard',
    got: `${bytes} bytes`,
    expected: `at most ${MAX_LINE_BYTES - LINE_ROOM}`,
  });
}

async function addText(writer: FileWriter, name: string, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  await addFile(writer, name, bytes.length, [bytes]);
}

async function addFile(
  writer: FileWriter,
  name: string,
  bytes: number,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  await writer.write(tarHeader(name, bytes));
  let written = 0;
  for await (const piece of pieces) {
    await writer.write(piece);
    written += piece.length;
  }
  if (written !== bytes)
    throw new LacunaError({ where: name, what: 'a file changed while it was put into a shard' });
  await writer.write(new Uint8Array(paddedBytes(bytes) - bytes));
}
