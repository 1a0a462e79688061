import { type ClipRecord, jsonLine } from '../../data/index.js';
import { FileWriter, replaceFileBy } from '../../formats/whole-file.js';

/** Characters that are gathered before they are written. */
const GATHERED = 2 ** 20;

/** Writes a JSON Lines list in the order of the records: whole or not at all, and durably. */
export async function writeClipList(
  path: string,
  records: Iterable<Omit<ClipRecord, 'id'>>,
): Promise<void> {
  await replaceFileBy(path, async (partial) => {
    const writer = await FileWriter.create(partial);
    try {
      let text = '';
      for (const record of records) {
        text += jsonLine(record);
        if (text.length < GATHERED) continue;
        await writer.write(text);
        text = '';
      }
      await writer.write(text);
      await writer.finish();
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  });
}
