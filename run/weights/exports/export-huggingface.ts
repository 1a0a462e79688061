import { join } from 'node:path';
import { writeTokenizer } from '../../../data/index.js';
import { writeNewFile } from '../../../formats/whole-file.js';
import { IMAGENET_MEAN, IMAGENET_STD } from '../../../spec/index.js';
import { NORM_EPS } from '../../../spec/model/transformer.js';
import type { RunSettings } from '../../settings/config.js';
import { jsonText, writeExport } from './export-folder.js';
import { type ExportRecord, runTold } from './export-record.js';
import type { ExportedRun } from './exported-run.js';
import { type CardOptions, modelCard } from './model-card.js';
import type { ExportModel, ExportModelName } from './models.js';
import { type ExportPlan, planExport } from './plan-export.js';
import { writeShards } from './write-shards.js';
import { writtenTensors } from './written-tensors.js';

export interface ExportOptions extends CardOptions {
  /** Which of the models of transformers. @defaultValue the first that fits */
  readonly model?: ExportModelName;
  /** Numbers of a file beyond which the weights go on in another. @defaultValue 5 GB, as transformers 4 */
  readonly maxShardBytes?: number;
  /** Told of each tensor that was written. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Writes a run's model as a folder that Hugging Face transformers load, no key missing and none unexpected.
 *
 * @throws LacunaError that names the settings which no such model has, and where something lies there already.
 */
export async function exportHuggingFace(
  run: ExportedRun,
  output: string,
  options: ExportOptions,
): Promise<ExportRecord> {
  const { settings } = run.manifest;
  const plan = planExport(settings, run.state, run.facts, run.folder, options.model);
  const { model, config } = plan;
  const told = await runTold(run, 'hf', model.loads, plan.leftOut);
  return writeExport(output, told, card(plan, settings, told, options), async (folder) => {
    const metadata = {
      lacuna: options.version,
      step: String(run.step),
      data: run.manifest.data.digest,
    };
    const tensors = writtenTensors(run, plan.tensors, options);
    await writeShards(folder, tensors, metadata, options.maxShardBytes);
    await writeNewFile(join(folder, 'config.json'), jsonText(config));
    if (model.towers.includes('video')) {
      await writeNewFile(
        join(folder, 'preprocessor_config.json'),
        jsonText(preprocessor(settings, model)),
      );
    }
    if (model.towers.includes('text') && run.tokenizer !== undefined) {
      await writeTokenizer(folder, run.tokenizer);
    }
  });
}

/** How frames become pixels: the shorter side to the frame's size, the middle, x / 255, the statistics. */
function preprocessor({ clip }: RunSettings, { loads }: ExportModel): object {
  const { size, mean = IMAGENET_MEAN, std = IMAGENET_STD } = clip;
  const isClip = loads.startsWith('CLIP');
  const isImage = isClip || loads.startsWith('ViT');
  const kind = isClip ? 'CLIP' : isImage ? 'ViT' : 'VideoMAE';
  return {
    image_processor_type: `${kind}ImageProcessor`,
    do_resize: true,
    size: kind === 'ViT' ? { height: size, width: size } : { shortest_edge: size },
    resample: 2,
    ...(kind === 'ViT' ? {} : { do_center_crop: true, crop_size: { height: size, width: size } }),
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  };
}

/** Releases of transformers that lose biases of VideoMAE's published layout. */
const LOSES_BIASES =
  'transformers 5.8 to 5.17 lose `q_bias` and `v_bias` of the published layout of VideoMAE, which this is: the model loads, ' +
  'and gives other features. Use 4.x, 5.0 to 5.7, or 5.18 and newer.';

/** The eps of `fc_norm` there, whatever the configuration says. */
const THEIR_POOL_EPS = 1e-5;

/** How a classifier is loaded and asked. */
function classifierCode({ encoder, clip }: RunSettings): readonly string[] {
  const { normEps = NORM_EPS } = encoder;
  const rate = clip.sampling === 'tsn' ? '' : `, frame_sampling_rate=${clip.stride}`;
  return [
    ...(normEps === THEIR_POOL_EPS
      ? []
      : [
          `model.fc_norm.eps = ${normEps}  # transformers have ${THEIR_POOL_EPS} whatever is saved`,
        ]),
    'classify = pipeline("video-classification", model=model, image_processor="FOLDER")',
    `classify("a.mp4"${rate})`,
  ];
}

function classifierNotes({ clip, encoder }: RunSettings): readonly string[] {
  const { normEps = NORM_EPS } = encoder;
  return [
    clip.sampling === 'tsn'
      ? `The run saw one frame of each of ${clip.frames} equal parts of a video; the pipeline takes the first ${clip.frames} frames at a distance. Choose the frames yourself for scores as below.`
      : `The run saw frames at a distance of ${clip.stride}; the pipeline takes the first ones at that distance, and one view.`,
    ...(normEps === THEIR_POOL_EPS
      ? []
      : [
          `Without the line on \`fc_norm\` the logits differ a little: the run has ${normEps} there. Its classes differ only where two are all but equal.`,
        ]),
  ];
}

function card(
  { model, notes }: ExportPlan,
  settings: RunSettings,
  told: Parameters<typeof modelCard>[1],
  options: ExportOptions,
): string {
  const { loads, options: how, classifies = false } = model;
  const { clip } = settings;
  const isVideoMae = loads.startsWith('VideoMAE');
  const hasVideo = model.towers.includes('video');
  return modelCard(
    {
      title: `${loads} of a run of Lacuna`,
      matter: [
        'library_name: transformers',
        ...(hasVideo
          ? [`pipeline_tag: ${classifies ? 'video-classification' : 'feature-extraction'}`]
          : []),
      ],
      language: 'python',
      code: [
        `from transformers import ${loads}${classifies ? ', pipeline' : ''}`,
        `model = ${loads}.from_pretrained("FOLDER"${how === undefined ? '' : `, ${how}`}).eval()`,
        ...(classifies ? classifierCode(settings) : []),
      ].join('\n'),
      notes: [
        ...(hasVideo
          ? [
              `It saw ${clip.frames} frames of ${clip.size} x ${clip.size} pixels, RGB, as \`preprocessor_config.json\` says.`,
            ]
          : []),
        ...(isVideoMae ? [LOSES_BIASES] : []),
        ...(classifies ? classifierNotes(settings) : []),
        ...notes,
      ],
    },
    told,
    options,
  );
}
