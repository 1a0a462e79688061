import { join } from 'node:path';
import { writeSafetensors } from '../../../formats/index.js';
import { writeNewFile } from '../../../formats/whole-file.js';
import { elementCount, LacunaError, type ValueDeclaration } from '../../../spec/index.js';
import { INDEX, MAX_SHARDS, SINGLE } from '../weight-files.js';
import { jsonText } from './export-folder.js';
import type { WrittenTensors } from './written-tensors.js';

/** What transformers 4 take by default. */
export const DEFAULT_SHARD_BYTES = 5e9;

const F32_BYTES = 4;

/**
 * Writes tensors as Hugging Face does: `model.safetensors`, or, where their numbers take more than `most` bytes,
 * `model-00001-of-0000N.safetensors` and so on, each filled in the order of the tensors, with `model.safetensors.index.json`, which
 * says where each is. A tensor that is larger has a file of its own.
 *
 * Source: huggingface_hub `split_torch_state_dict_into_shards`.
 *
 * @throws LacunaError where there would be more files than the import reads.
 */
export async function writeShards(
  folder: string,
  { declared, read }: WrittenTensors,
  metadata: Readonly<Record<string, string>>,
  most: number = DEFAULT_SHARD_BYTES,
): Promise<void> {
  const shards = shardsOf(declared, most);
  const [single] = shards;
  if (single !== undefined && shards.length === 1) {
    await writeSafetensors(join(folder, SINGLE), single, read, metadata);
    return;
  }
  if (shards.length > MAX_SHARDS) {
    throw new LacunaError({
      where: '--max-shard-size',
      what: 'the weights would be in too many files',
      got: `${shards.length} files of at most ${most} bytes`,
      expected: `at most ${MAX_SHARDS} files`,
      fix: 'Make them larger: --max-shard-size 5GB.',
    });
  }
  const places: Record<string, string> = {};
  for (const [index, shard] of shards.entries()) {
    const name = `model-${number(index + 1)}-of-${number(shards.length)}.safetensors`;
    await writeSafetensors(join(folder, name), shard, read, metadata);
    for (const { name: tensor } of shard) places[tensor] = name;
  }
  const total = declared.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  const sums = { total_size: total, total_parameters: total / F32_BYTES };
  const index = jsonText({ metadata: sums, weight_map: places });
  await writeNewFile(join(folder, INDEX), index);
}

function shardsOf(
  declared: readonly ValueDeclaration[],
  most: number,
): readonly (readonly ValueDeclaration[])[] {
  const shards: ValueDeclaration[][] = [];
  let filled = Number.POSITIVE_INFINITY;
  for (const tensor of declared) {
    const bytes = bytesOf(tensor);
    if (filled + bytes > most) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)?.push(tensor);
    filled += bytes;
  }
  return shards;
}

function bytesOf({ shape }: ValueDeclaration): number {
  return F32_BYTES * elementCount(shape);
}

function number(index: number): string {
  return String(index).padStart(5, '0');
}
