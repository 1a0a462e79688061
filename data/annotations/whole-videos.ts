import type { ClipRecord } from './clip-record.js';

/** The videos of a list, each once: what is written of their parts is written of them. */
export function wholeVideos(records: readonly ClipRecord[]): readonly ClipRecord[] {
  if (records.every(({ part }) => part === undefined)) return records;
  const captions = new Map<string, Set<string>>();
  for (const record of records) {
    const own = captions.get(record.video) ?? new Set();
    for (const caption of record.captions) own.add(caption);
    captions.set(record.video, own);
  }
  return [...captions].map(([video, own]) => ({ id: video, video, captions: [...own] }));
}
