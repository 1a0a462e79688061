import { join } from 'node:path';
import { makeOwnFolder } from '../../formats/file-operations.js';
import { replaceFile } from '../../formats/whole-file.js';
import type { ShardScan } from './scan-shard.js';

/** The folder in which Energon (NVIDIA's Megatron-Energon) looks. */
const FOLDER = '.nv-meta';

/**
 * What Energon reads beside the tars and their `.tar.idx`: how many samples each has, all of them for
 * training, and that samples are raw (`CrudeWebdataset`), to be made into what a model takes by a cooker.
 *
 * Source: megatron-energon 7.4, `flavors/webdataset/{config,structs}.py`. YAML is a superset of JSON.
 */
export async function writeEnergonFiles(
  folder: string,
  scans: readonly ShardScan[],
): Promise<void> {
  const own = join(folder, FOLDER);
  await makeOwnFolder(own);
  const full = scans.filter(({ starts }) => starts.length > 1);
  const counts = Object.fromEntries(full.map(({ shard, starts }) => [shard, starts.length - 1]));
  const names = full.map(({ shard }) => shard);
  const files = {
    '.info.json': { shard_counts: counts },
    'split.yaml': { split_parts: { train: names, val: [], test: [] }, exclude: [] },
    'dataset.yaml': { __module__: 'megatron.energon', __class__: 'CrudeWebdataset' },
  };
  for (const [name, content] of Object.entries(files))
    await replaceFile(join(own, name), `${JSON.stringify(content, null, 2)}\n`);
}
