import type { HostTensor, Named } from '../core/backend.js';
import { sha256 } from '../core/sha256.js';
import { encodeBatch } from '../data/index.js';
import { textFeeds } from '../run/feeds/batch-feeds.js';
import { EMBEDDING_BATCH, embedRows, type TrainedModel, withProgram } from '../run/open-program.js';
import { LacunaError } from '../spec/index.js';
import type { Kept } from './embed-clips.js';
import type { EmbeddingKey } from './embedding-cache.js';
import { textProgram } from './embedding-programs.js';
import type { Watch } from './evaluator.js';

/** Texts of one file of the cache, and between two words of progress. */
const CHUNK = 1024;

/**
 * Embeds texts, by the model's own encoder or by the frozen teacher that it was aligned with: [D] each,
 * of length 1. With `kept`, what is known already is not computed again, 1,024 texts at a time, found by their tokens.
 *
 * @throws LacunaError where the teacher, or the tokenizer, is missing.
 */
export async function embedTexts(
  model: TrainedModel,
  texts: readonly string[],
  { kept, watch = {} }: { readonly kept?: Kept; readonly watch?: Watch } = {},
): Promise<readonly Float32Array[]> {
  const { settings, tokenizer, teacher } = model;
  const { teacher: folder } = settings.contrastive;
  const batch = Math.min(EMBEDDING_BATCH, texts.length);
  const program = textProgram(model, batch);
  return withProgram(model, program, async (run) => {
    const result: Float32Array[] = [];
    for (let start = 0; start < texts.length; start += CHUNK) {
      const chunk = texts.slice(start, start + CHUNK);
      if (folder !== undefined) {
        const rows = await teacherRows(model, teacher, chunk);
        result.push(...(await embedRows(run, rows, teacherFeeds, batch)));
      } else {
        if (tokenizer === undefined) throw new LacunaError({ what: 'there is no tokenizer' });
        const { length } = settings.text;
        const feeds = (items: readonly string[]): Named<HostTensor> =>
          textFeeds(tokenizer, items, length);
        const embed = (): Promise<readonly Float32Array[]> => embedRows(run, chunk, feeds, batch);
        const { ids, lengths } = encodeBatch(tokenizer, chunk, length);
        const tokens = sha256(JSON.stringify([[...ids], [...lengths], batch]));
        result.push(...(await keptRows(kept, tokens, chunk.length, embed)));
      }
      watch.onProgress?.('texts embedded', result.length, texts.length);
    }
    return result;
  });
}

/** How many texts are longer than the model reads; they lose their last words. */
export function cutTexts(
  { settings, tokenizer }: Pick<TrainedModel, 'settings' | 'tokenizer'>,
  texts: readonly string[],
): number {
  if (tokenizer === undefined) return 0;
  return encodeBatch(tokenizer, texts, settings.text.length).truncated;
}

async function keptRows(
  kept: Kept | undefined,
  tokens: string,
  count: number,
  embed: () => Promise<readonly Float32Array[]>,
): Promise<readonly Float32Array[]> {
  if (kept === undefined) return embed();
  const key: EmbeddingKey = ['texts', kept.model, tokens];
  const known = await kept.cache.read(key);
  if (known !== undefined && known.values.length === count * known.width) {
    const { width, values } = known;
    return Array.from({ length: count }, (_, i) => values.subarray(i * width, (i + 1) * width));
  }
  const rows = await embed();
  const width = rows[0]?.length ?? 0;
  const values = new Float32Array(count * width);
  rows.forEach((row, index) => {
    values.set(row, index * width);
  });
  await kept.cache.write(key, { width, values });
  return rows;
}

async function teacherRows(
  { settings }: TrainedModel,
  teacher: TrainedModel['teacher'],
  texts: readonly string[],
): Promise<readonly Float32Array[]> {
  const { teacher: folder, teacherWidth: width = 0 } = settings.contrastive;
  if (teacher === undefined) {
    throw new LacunaError({
      what: 'retrieval with this model needs the frozen teacher that it was aligned with',
      ...(folder === undefined ? {} : { got: folder }),
    });
  }
  const given = await teacher.embedTexts(texts);
  return texts.map((_, index) => given.subarray(index * width, (index + 1) * width));
}

function teacherFeeds(rows: readonly Float32Array[]): Named<HostTensor> {
  const width = rows[0]?.length ?? 0;
  const data = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    data.set(row, index * width);
  });
  return { 'text.embedding': { dtype: 'f32', shape: [rows.length, width], data } };
}
