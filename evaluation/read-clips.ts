import type { HostTensor } from '../core/backend.js';
import {
  type Clip,
  ClipReader,
  type ClipRecord,
  type ClipSampling,
  type DataRoot,
  missingNote,
} from '../data/index.js';
import type { DataProblem } from '../run/run-folder.js';
import type { RunSettings } from '../run/settings/config.js';
import type { Watch } from './evaluator.js';

/** Threads that decode, where there may be any. */
const DECODERS = 2;

/** A clip of a record, as it was read. */
export interface ReadClip {
  readonly record: ClipRecord;
  readonly clip: Clip;
}

/** The clips that can be read, all in memory; `watch` is told why the others cannot. */
export async function readClips(
  { data }: Pick<RunSettings, 'data'>,
  sampling: ClipSampling,
  records: readonly ClipRecord[],
  root: DataRoot,
  { onProgress, onProblem }: Watch,
): Promise<readonly ReadClip[]> {
  const workers = Math.min(DECODERS, data.workers ?? DECODERS);
  const reader = await ClipReader.open({ root, records, sampling, workers });
  const clips: ReadClip[] = [];
  let done = 0;
  try {
    for await (const outcome of reader.clips()) {
      if ('clip' in outcome) {
        clips.push(outcome);
        for (const problem of incompleteClip(outcome)) onProblem?.(problem);
      } else onProblem?.({ id: outcome.record.id, reason: outcome.problem });
      done += 1;
      onProgress?.('clips read', done, records.length);
    }
  } finally {
    await reader.close();
  }
  return clips;
}

/** What is told of a clip that lacks frames. */
export function incompleteClip({ record, clip }: ReadClip): readonly DataProblem[] {
  const reason = missingNote(record.video, clip);
  return reason === undefined ? [] : [{ id: record.id, reason, used: true }];
}

/** `frames` u8 [B, T, S, S, 3] of clips. */
export function frames(
  { clip: { frames: count, size } }: RunSettings,
  clips: readonly Clip[],
): HostTensor {
  const bytes = count * size * size * 3;
  const data = new Uint8Array(clips.length * bytes);
  clips.forEach(({ video }, index) => {
    data.set(video, index * bytes);
  });
  return { dtype: 'u8', shape: [clips.length, count, size, size, 3], data };
}
