import { z } from 'zod';
import { type Activation, LacunaError } from '../../../spec/index.js';

/** Sizes of a config.json: larger ones are no model's. */
export const size: z.ZodType<number> = z.int().min(1).max(1_000_000);
export const depth: z.ZodType<number> = z.int().min(1).max(1000);
export const eps: z.ZodType<number> = z.number().gt(0).max(1);
export const activationName: z.ZodType<string> = z.string().max(64);

/** Height and width; our frames are square. */
export const side: z.ZodType<number> = z
  .union([size, z.tuple([size, size])])
  .transform((value, context) => {
    if (typeof value === 'number') return value;
    if (value[0] === value[1]) return value[0];
    context.addIssue({ code: 'custom', message: 'frames are square here, these are not' });
    return z.NEVER;
  });

/** What every image tower's config says. */
export const IMAGE_TOWER: Fields<
  | 'hidden_size'
  | 'num_hidden_layers'
  | 'num_attention_heads'
  | 'intermediate_size'
  | 'image_size'
  | 'patch_size'
  | 'num_channels'
> = {
  hidden_size: size,
  num_hidden_layers: depth,
  num_attention_heads: size,
  intermediate_size: size,
  image_size: side,
  patch_size: side,
  num_channels: z.literal(3).default(3),
};

type Fields<K extends string> = Readonly<Record<K, z.ZodType<number>>>;

/** A section of a config.json by its schema. @throws LacunaError naming the key. */
export function parseFields<T>(schema: z.ZodType<T>, value: unknown, file: string): T {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new LacunaError({
    where: `${file}: ${issue?.path.map(String).join('.') ?? ''}`,
    what: 'this value of the configuration cannot be used',
    got: issue?.message ?? 'malformed',
  });
}

/** @throws LacunaError for an activation that blocks cannot have here. */
export function activationOf(name: string, file: string): Activation {
  if (name === 'gelu') return 'gelu';
  if (name === 'quick_gelu') return 'quick-gelu';
  throw new LacunaError({
    where: file,
    what: 'blocks with this activation cannot be had here',
    got: name.slice(0, 80),
    expected: 'gelu or quick_gelu',
  });
}

/** Rows and columns of places. @throws LacunaError where patches do not tile the image. */
export function placesOf(
  image: number,
  patch: number,
  file: string,
): { rows: number; columns: number } {
  if (image % patch === 0) return { rows: image / patch, columns: image / patch };
  throw new LacunaError({
    where: file,
    what: 'the patches of this model do not tile its images',
    got: `images of ${image}, patches of ${patch}`,
  });
}
