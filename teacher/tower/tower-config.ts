import { z } from 'zod';
import { LacunaError } from '../../spec/errors.js';

/** What the configuration files of a tower say about it. */
export interface TowerFacts {
  readonly kind: 'clip' | 'siglip';
  /** Width of the shared space. */
  readonly width: number;
  /** Side of the images, and of their patches, in pixels. */
  readonly size: number;
  readonly patch: number;
  /** Width of a patch token inside the image tower. */
  readonly hidden: number;
  /** Tokens that the text tower takes, begin and end included, and rows of its table. */
  readonly textLength: number;
  readonly vocabSize: number;
  /** Per channel: (level * scale - mean) / std. */
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const side = z.int().min(1).max(2048);
const width = z.int().min(1).max(65_536);
const textLength = z.int().min(3).max(4096);
const vocabSize = z
  .int()
  .min(3)
  .max(2 ** 20);

/** Absent keys have the values of `CLIPConfig`: files leave out what equals the default. */
const CLIP = z.looseObject({
  model_type: z.literal('clip'),
  projection_dim: width.default(512),
  text_config: z.looseObject({
    max_position_embeddings: textLength.default(77),
    vocab_size: vocabSize.default(49_408),
  }),
  vision_config: z.looseObject({
    hidden_size: width.default(768),
    image_size: side.default(224),
    patch_size: side.default(32),
  }),
});

/** Absent keys have the values of `SiglipConfig`. */
const SIGLIP = z.looseObject({
  model_type: z.literal('siglip'),
  text_config: z.looseObject({
    hidden_size: width.default(768),
    projection_size: width.optional(),
    max_position_embeddings: textLength.default(64),
    vocab_size: vocabSize.default(32_000),
  }),
  vision_config: z.looseObject({
    hidden_size: width.default(768),
    image_size: side.default(224),
    patch_size: side.default(16),
  }),
});

const channels = z.array(z.number().min(-1e3).max(1e3)).length(3);
const sides = z.union([
  side.transform((each) => ({ height: each, width: each })),
  z.looseObject({ height: side, width: side }),
  z
    .looseObject({ shortest_edge: side })
    .transform(({ shortest_edge }) => ({ height: shortest_edge, width: shortest_edge })),
]);

const PREPROCESSOR = z.looseObject({
  do_rescale: z.literal(true).default(true),
  rescale_factor: z
    .number()
    .min(1e-6)
    .max(1e3)
    .default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: channels.optional(),
  image_std: z.array(z.number().min(1e-6).max(1e3)).length(3).optional(),
  do_center_crop: z.boolean().default(true),
  size: sides.optional(),
  crop_size: sides.optional(),
});

/**
 * What `config.json` (of a CLIPModel or a SiglipModel) and `preprocessor_config.json` say.
 *
 * @throws LacunaError for another kind of model, a size that is missing or out of bounds, or two
 * files that disagree.
 */
export function towerFacts(config: unknown, preprocessor: unknown): TowerFacts {
  const model = modelFacts(config);
  const read = PREPROCESSOR.safeParse(preprocessor);
  if (!read.success) throw malformed('preprocessor_config.json', read.error);
  const rule = read.data;
  const taken = rule.do_center_crop ? (rule.crop_size ?? rule.size) : rule.size;
  const { size, patch } = model;
  if (taken !== undefined && (taken.height !== size || taken.width !== size)) {
    throw new LacunaError({
      where: 'preprocessor_config.json',
      what: 'the images that it prepares are not of the size that config.json says',
      got: `${taken.width} x ${taken.height}`,
      expected: `${size} x ${size}`,
      fix: 'Fetch both files from the same repository.',
    });
  }
  if (patch > size) {
    throw new LacunaError({
      where: 'config.json, vision_config',
      what: 'a patch is larger than the image',
      got: `${patch} pixels`,
      expected: `at most ${size}`,
    });
  }
  const { image_mean, image_std } = rule;
  if (rule.do_normalize && (image_mean === undefined || image_std === undefined)) {
    throw new LacunaError({
      where: 'preprocessor_config.json',
      what: 'it does not say by what images are normalised',
      expected: 'image_mean and image_std, three numbers each',
    });
  }
  return {
    ...model,
    scale: rule.rescale_factor,
    mean: (rule.do_normalize ? image_mean : undefined) ?? [0, 0, 0],
    std: (rule.do_normalize ? image_std : undefined) ?? [1, 1, 1],
  };
}

function modelFacts(config: unknown): Omit<TowerFacts, 'scale' | 'mean' | 'std'> {
  const type = z.looseObject({ model_type: z.string() }).safeParse(config).data?.model_type;
  if (type === 'clip') {
    const read = CLIP.safeParse(config);
    if (!read.success) throw malformed('config.json', read.error);
    const { projection_dim, text_config, vision_config } = read.data;
    return { kind: type, width: projection_dim, ...sizes(text_config, vision_config) };
  }
  if (type === 'siglip') {
    const read = SIGLIP.safeParse(config);
    if (!read.success) throw malformed('config.json', read.error);
    const { text_config, vision_config } = read.data;
    const textWidth = text_config.projection_size ?? text_config.hidden_size;
    if (textWidth !== vision_config.hidden_size) {
      throw new LacunaError({
        where: 'config.json',
        what: 'the two towers do not share a space',
        got: `texts of width ${textWidth}, images of width ${vision_config.hidden_size}`,
      });
    }
    return { kind: type, width: textWidth, ...sizes(text_config, vision_config) };
  }
  throw new LacunaError({
    where: 'config.json, model_type',
    what: 'a teacher of this kind cannot be read',
    got: type === undefined ? 'no model_type' : `"${type.slice(0, 40)}"`,
    expected: '"clip" or "siglip"',
    fix: 'Name the folder of a whole CLIP or SigLIP model, with both towers.',
  });
}

function sizes(
  text: z.infer<typeof CLIP>['text_config'],
  vision: z.infer<typeof CLIP>['vision_config'],
): Pick<TowerFacts, 'size' | 'patch' | 'hidden' | 'textLength' | 'vocabSize'> {
  return {
    size: vision.image_size,
    patch: vision.patch_size,
    hidden: vision.hidden_size,
    textLength: text.max_position_embeddings,
    vocabSize: text.vocab_size,
  };
}

function malformed(file: string, error: z.ZodError): LacunaError {
  const issue = error.issues[0];
  const path = issue?.path.join('.') ?? '';
  return new LacunaError({
    where: path === '' ? file : `${file}, ${path}`,
    what: 'this does not describe a tower that can be used',
    got: issue?.message ?? 'malformed',
    fix: 'Fetch the file again, from the repository that the ONNX files are from.',
  });
}
