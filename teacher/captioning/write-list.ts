import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ClipRecord } from '../../data/index.js';

/** Characters that are gathered before they are written. */
const GATHERED = 2 ** 20;

/** Writes a JSON Lines list in the order of the records: whole or not at all, and durably. */
export async function writeClipList(
  path: string,
  records: Iterable<Omit<ClipRecord, 'id'>>,
): Promise<void> {
  const partial = `${path}.writing-${process.pid}`;
  const file = await open(partial, 'w');
  try {
    let text = '';
    for (const { video, captions, label } of records) {
      text += `${JSON.stringify({ video, captions, ...(label === undefined ? {} : { label }) })}\n`;
      if (text.length < GATHERED) continue;
      await file.appendFile(text);
      text = '';
    }
    await file.appendFile(text);
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(partial, { force: true });
    throw error;
  }
  await file.close();
  await rename(partial, path);
  await syncFolder(dirname(path));
}

/** Makes the names in a folder durable, where the system can. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}
