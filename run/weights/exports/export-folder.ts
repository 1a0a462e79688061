import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileDigest, type Written } from '../../../formats/index.js';
import { writeNewFile } from '../../../formats/whole-file.js';
import { replaceFolder } from '../../../formats/whole-folder.js';
import { type ExportRecord, RECORD, type RunTold } from './export-record.js';

/**
 * Writes the folder of an export, whole or not at all: what `fill` writes, then the card, the metrics
 * and, with the digests of all of these, the record.
 *
 * @throws LacunaError where something lies there already.
 */
export async function writeExport(
  output: string,
  told: RunTold,
  card: string,
  fill: (folder: string) => Promise<void>,
): Promise<ExportRecord> {
  let record: ExportRecord = { ...told.record, files: {} };
  await replaceFolder(output, 'the export', false, async (folder) => {
    await fill(folder);
    await writeNewFile(join(folder, 'README.md'), card);
    await writeNewFile(join(folder, 'metrics.jsonl'), told.metrics);
    const files: Record<string, Written> = {};
    for (const name of (await readdir(folder)).sort()) {
      const path = join(folder, name);
      files[name] = { bytes: (await stat(path)).size, sha256: await fileDigest(path) };
    }
    record = { ...told.record, files };
    await writeNewFile(join(folder, RECORD), jsonText(record));
  });
  return record;
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
