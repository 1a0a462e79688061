import { z } from 'zod';
import type { Preset } from '../../spec/model/presets.js';
import {
  POOLINGS,
  type Pooling,
  PROJECTION_KINDS,
  type ProjectionConfig,
} from '../../spec/model/projection.js';
import {
  DIRECTIONS,
  type Directions,
  EQUAL_CAPTIONS,
  type EqualCaptions,
  type InfoNceConfig,
  type Temperature,
} from '../../spec/objectives/info-nce.js';
import { count, type Overrides, path, refuse } from './section.js';

/** How video is aligned with text. */
export interface ContrastiveConfig extends InfoNceConfig {
  readonly directions: Directions;
  readonly equalCaptions: EqualCaptions;
  readonly pool: Pooling;
  readonly videoProjection: ProjectionConfig;
  readonly textProjection: ProjectionConfig;
  /** The factor of its loss; 0 reports it without optimising it. */
  readonly weight: number;
  /**
   * The folder of a frozen teacher, whose embeddings then stand for the captions (TGM). Without a
   * projection of text they are used as they are, and the shared space is the teacher's.
   * @defaultValue none: a text encoder is trained along
   */
  readonly teacher?: string;
  /** E, the width of the teacher's embeddings; known, and recorded, once it was opened. */
  readonly teacherWidth?: number;
}

/** What a person writes of it: a temperature is replaced as a whole, since its kinds differ in keys. */
export type ContrastiveOverrides = Overrides<Omit<ContrastiveConfig, 'temperature'>> &
  Partial<Pick<ContrastiveConfig, 'temperature'>>;

const projection: z.ZodType<Overrides<ProjectionConfig>> = z.strictObject({
  kind: z.enum(PROJECTION_KINDS).exactOptional(),
  width: count.exactOptional(),
  hidden: count.exactOptional(),
  bias: z.boolean().exactOptional(),
});

const temperature: z.ZodType<Temperature> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed'), value: z.number().gt(0).max(100) }),
  z.strictObject({
    kind: z.literal('learned'),
    initial: z.number().gt(0).max(1).exactOptional(),
    maximumScale: z.number().min(1).max(1e6).exactOptional(),
  }),
]);

export const CONTRASTIVE_SCHEMA: z.ZodType<ContrastiveOverrides> = z.strictObject({
  temperature: temperature.exactOptional(),
  directions: z.enum(DIRECTIONS).exactOptional(),
  equalCaptions: z.enum(EQUAL_CAPTIONS).exactOptional(),
  pool: z.enum(POOLINGS).exactOptional(),
  videoProjection: projection.exactOptional(),
  textProjection: projection.exactOptional(),
  weight: z.number().min(0).max(1e6).exactOptional(),
  teacher: path.exactOptional(),
});

export function resolveContrastive(
  own: ContrastiveOverrides | undefined = {},
  { contrastive: usual }: Preset,
): ContrastiveConfig {
  const { videoProjection, textProjection } = usual;
  // A teacher's embedding stays as it is unless a head is asked for.
  const untouched =
    own.teacher === undefined ? {} : { kind: 'none' as const, width: textProjection.width };
  return {
    weight: own.weight ?? usual.weight ?? 1,
    temperature: own.temperature ?? usual.temperature,
    directions: own.directions ?? usual.directions ?? 'mean',
    equalCaptions: own.equalCaptions ?? usual.equalCaptions ?? 'negatives',
    pool: own.pool ?? usual.pool ?? 'mean',
    videoProjection: { ...videoProjection, ...own.videoProjection },
    textProjection: { ...textProjection, ...untouched, ...own.textProjection },
    ...(own.teacher === undefined ? {} : { teacher: own.teacher }),
  };
}

/**
 * The rules of a teacher.
 * @throws LacunaError where the preset needs one and none is named, and for a width that is the teacher's.
 */
export function requireTeacher(
  { teacher, textProjection }: ContrastiveConfig,
  own: ContrastiveOverrides | undefined = {},
  preset: string,
  { teacher: needed }: Preset,
): void {
  refuse(needed === true && teacher === undefined, 'contrastive.teacher', 'nothing', {
    what: `the preset ${preset} aligns with a frozen teacher, and none is named`,
    fix:
      'Set contrastive.teacher to the folder of a CLIP as ONNX files or of a run that learned to ' +
      'align, or choose the objective mae, or the preset videomae-vitb, which trains a text encoder.',
  });
  const width = own.videoProjection?.width ?? own.textProjection?.width;
  refuse(
    teacher !== undefined && textProjection.kind === 'none' && width !== undefined,
    'contrastive.videoProjection.width',
    `${width}`,
    {
      what: "without a projection of text the width of the shared space is the teacher's",
      fix: 'Leave the width out, or set contrastive.textProjection.kind to "linear".',
    },
  );
}

/** The section of a run whose teacher is open: the widths that follow from it are filled in. */
export function withTeacherWidth(
  contrastive: ContrastiveConfig,
  teacherWidth: number,
): ContrastiveConfig {
  const { textProjection, videoProjection } = contrastive;
  if (textProjection.kind !== 'none') return { ...contrastive, teacherWidth };
  return {
    ...contrastive,
    textProjection: { ...textProjection, width: teacherWidth },
    videoProjection: { ...videoProjection, width: teacherWidth },
    teacherWidth,
  };
}
