import type { RunSettings } from '../../settings/config.js';
import type { PartName, TowerName } from '../architectures/architecture.js';
import { bertConfig } from '../architectures/bert.js';
import { clipConfig, clipTextConfig, clipVisionConfig } from '../architectures/clip.js';
import { videoMaeClassifierConfig, videoMaeConfig } from '../architectures/videomae.js';
import { vitConfig } from '../architectures/vit.js';
import { type Demand, demandsOf } from '../demands.js';
import type { ModelFacts } from './exported-run.js';

/** A model of Hugging Face transformers that a run can be written as. */
export interface ExportModel {
  /** The class that loads all of it. */
  readonly loads: string;
  /** How it is loaded, where the name of the class is not all. */
  readonly options?: string;
  readonly towers: readonly TowerName[];
  /** What it has beside the towers; each of them has to be there, and to fit. */
  readonly parts: readonly PartName[];
  /** Whether it tells classes: then it is written of a fine-tuned run. @defaultValue false */
  readonly classifies?: boolean;
  /** The start of its names that the class alone does not have. */
  readonly withoutPrefix?: string;
  /** Its config.json, which the import reads the same settings from. */
  readonly config: (settings: RunSettings, facts: ModelFacts) => object;
  /** What it needs of the settings that its configuration does not tell. */
  readonly needs: readonly Demand[];
}

const JOINT: Demand = { key: 'encoder.attention', value: 'joint', firm: true };
/** An image has one frame, and so have its cubes. */
const ONE_FRAME: readonly Demand[] = [...demandsOf('clip', { frames: 1, tubelet: 1 }), JOINT];
const LEARNED: Demand = { key: 'contrastive.temperature.kind', value: 'learned', firm: true };
const linear = (head: string): Demand[] =>
  demandsOf(`contrastive.${head}`, { kind: 'linear', bias: false });
const POOLED = demandsOf('contrastive', { pool: 'class' });

/** In the order in which they are tried. */
export const EXPORT_MODEL_NAMES = [
  'videomae-classifier',
  'clip',
  'videomae',
  'videomae-encoder',
  'timesformer',
  'vit',
  'clip-vision',
  'clip-text',
  'bert',
  'distilbert',
] as const;
export type ExportModelName = (typeof EXPORT_MODEL_NAMES)[number];

export const EXPORT_MODELS: Readonly<Record<ExportModelName, ExportModel>> = {
  'videomae-classifier': {
    loads: 'VideoMAEForVideoClassification',
    towers: ['video'],
    parts: [],
    classifies: true,
    config: videoMaeClassifierConfig,
    needs: [JOINT],
  },
  clip: {
    loads: 'CLIPModel',
    towers: ['video', 'text'],
    parts: ['projection.video', 'projection.text', 'temperature'],
    config: clipConfig,
    needs: [
      ...ONE_FRAME,
      ...POOLED,
      ...linear('videoProjection'),
      ...linear('textProjection'),
      LEARNED,
    ],
  },
  videomae: {
    loads: 'VideoMAEForPreTraining',
    towers: ['video'],
    parts: ['decoder'],
    config: videoMaeConfig,
    needs: [JOINT],
  },
  'videomae-encoder': {
    loads: 'VideoMAEModel',
    towers: ['video'],
    parts: [],
    withoutPrefix: 'videomae.',
    config: videoMaeConfig,
    needs: [JOINT],
  },
  timesformer: {
    loads: 'TimesformerModel',
    towers: ['video'],
    parts: [],
    config: (settings) => vitConfig('timesformer', settings),
    needs: [JOINT, ...demandsOf('clip', { tubelet: 1 })],
  },
  vit: {
    loads: 'ViTModel',
    options: 'add_pooling_layer=False',
    towers: ['video'],
    parts: [],
    config: (settings) => vitConfig('vit', settings),
    needs: ONE_FRAME,
  },
  'clip-vision': {
    loads: 'CLIPVisionModelWithProjection',
    towers: ['video'],
    parts: ['projection.video'],
    config: clipVisionConfig,
    needs: [...ONE_FRAME, ...POOLED, ...linear('videoProjection')],
  },
  'clip-text': {
    loads: 'CLIPTextModelWithProjection',
    towers: ['text'],
    parts: ['projection.text'],
    config: clipTextConfig,
    needs: linear('textProjection'),
  },
  bert: {
    loads: 'BertModel',
    options: 'add_pooling_layer=False',
    towers: ['text'],
    parts: [],
    config: (settings, facts) => bertConfig('bert', settings, facts),
    needs: [],
  },
  distilbert: {
    loads: 'DistilBertModel',
    towers: ['text'],
    parts: [],
    config: (settings, facts) => bertConfig('distilbert', settings, facts),
    needs: [],
  },
};
