import { z } from 'zod';
import { MIXINGS, type Mixing } from '../../data/index.js';
import type { MaskKindName } from '../../spec/masking/kinds.js';
import { MASK_KINDS } from '../../spec/masking/kinds.js';
import { LIST_KEYS, type ListConfig } from './list.js';
import { path, refuse } from './section.js';

/** A list that shares the batches of a run with the run's own. */
export interface OtherList extends ListConfig {
  /** What the list counts beside the others: only the ratios matter. @defaultValue 1 */
  readonly weight?: number;
}

/** The videos, pictures and captions of a run. */
export interface DataConfig extends ListConfig {
  /** What the list counts beside `others`. @defaultValue 1 */
  readonly weight?: number;
  /** Lists that share the batches with it, by their weights. @defaultValue none */
  readonly others?: readonly OtherList[];
  /** How they share them: see `BatchPlaces`. @defaultValue 'quotas' */
  readonly mixing?: Mixing;
  /** Whether links in these folders, and in the one of the evaluation, may lead out of them. @defaultValue false */
  readonly followLinks?: boolean;
  /** Threads that decode; 0 decodes in the thread that trains, as browsers must. @defaultValue 2: with 1, a ViT-S step on 2 cores waits for 11 % of its time */
  readonly workers?: number;
  /** A `tokenizer.json` to use. @defaultValue none: one is trained on the captions */
  readonly tokenizer?: string;
  /** The folder of similarity maps that text-guided masks are drawn from: see `lacuna similarity`. */
  readonly similarity?: string;
}

/** A weight: thousandths are the finest. */
const weight = z.number().min(0.001).max(1000).multipleOf(0.001);

const OTHERS: z.ZodType<readonly OtherList[]> = z
  .array(z.strictObject({ ...LIST_KEYS, weight: weight.exactOptional() }))
  .max(15);

const KEYS = {
  ...LIST_KEYS,
  weight: weight.exactOptional(),
  others: OTHERS.exactOptional(),
  mixing: z.enum(MIXINGS).exactOptional(),
  followLinks: z.boolean().exactOptional(),
  workers: z.int().min(0).max(256).exactOptional(),
  tokenizer: path.exactOptional(),
  similarity: path.exactOptional(),
};

export const DATA_SCHEMA: z.ZodType<DataConfig> = z.strictObject(KEYS);

/** What a stage says of its data: without a list it has the run's. */
export const STAGE_DATA_SCHEMA: z.ZodType<Partial<DataConfig>> = z.strictObject({
  ...KEYS,
  list: path.exactOptional(),
});

export function resolveData(own: DataConfig): DataConfig {
  return { workers: 2, ...own };
}

/** @throws LacunaError for lists beside the run's own where masks are drawn from stored maps. */
export function requireOneList(
  { others = [] }: DataConfig,
  { kind }: { readonly kind: MaskKindName },
): void {
  refuse(others.length > 0 && MASK_KINDS[kind].map === 'similarity', 'data.others', 'lists', {
    what: `the mask ${kind} is drawn from the maps of one data folder, and there are lists with others`,
    fix: 'Put all clips into one list, or choose another mask.',
  });
}
