import { z } from 'zod';
import { path } from './section.js';

/** The videos and captions of a run. */
export interface DataConfig {
  /** The list of clips: JSON Lines or a VideoMAE list. */
  readonly list: string;
  /** The folder that the paths of the list start from. @defaultValue the list's own folder */
  readonly root?: string;
  /** Whether links in that folder, and in the one of the evaluation, may lead out of it. @defaultValue false */
  readonly followLinks?: boolean;
  /** Threads that decode. @defaultValue 2: with 1, a ViT-S step on 2 cores waits for 11 % of its time */
  readonly workers?: number;
  /** A `tokenizer.json` to use. @defaultValue none: one is trained on the captions */
  readonly tokenizer?: string;
  /** The folder of similarity maps that text-guided masks are drawn from: see `lacuna similarity`. */
  readonly similarity?: string;
}

export const DATA_SCHEMA: z.ZodType<DataConfig> = z.strictObject({
  list: path,
  root: path.exactOptional(),
  followLinks: z.boolean().exactOptional(),
  workers: z.int().min(1).max(256).exactOptional(),
  tokenizer: path.exactOptional(),
  similarity: path.exactOptional(),
});

export function resolveData(own: DataConfig): DataConfig {
  return { workers: 2, ...own };
}
