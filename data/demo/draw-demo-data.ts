import { join } from 'node:path';
import { makeFolder } from '../../formats/file-operations.js';
import { writeNewFile } from '../../formats/whole-file.js';
import { CLIP_FOLDER } from './demo-manifest.js';
import { completeOptions, type DemoOptions } from './demo-options.js';
import { plannedClips } from './demo-version.js';
import { drawnClipText } from './drawn-clip.js';

/**
 * The demo data as drawn clips, in a new folder: `train.jsonl` and `test.jsonl` are byte for byte those of
 * `makeDemoData` with the same options, so that samples and draws are the same; each file of `clips` says which
 * clip it is (`drawnClipText`) where that one has a video. Nothing is encoded: pixels are what the generator draws.
 *
 * @throws LacunaError for options out of bounds, and where the folder cannot be written.
 */
export async function drawDemoData(
  folder: string,
  options: DemoOptions = {},
): Promise<{ readonly trainList: string; readonly testList: string }> {
  const complete = completeOptions(options);
  await makeFolder(join(folder, CLIP_FOLDER));
  const lines = { train: [] as string[], test: [] as string[] };
  for (const clip of plannedClips(complete)) {
    const text = drawnClipText(complete.version, clip.address);
    await writeNewFile(join(folder, clip.video), text);
    lines[clip.address.split].push(clip.line());
  }
  const [trainList, testList] = [join(folder, 'train.jsonl'), join(folder, 'test.jsonl')];
  await writeNewFile(trainList, `${lines.train.join('\n')}\n`);
  await writeNewFile(testList, `${lines.test.join('\n')}\n`);
  return { trainList, testList };
}
