import { join } from 'node:path';
import { writeTorchFile } from '../../../formats/torch-file.js';
import {
  gridOf,
  LacunaError,
  type Layout,
  VIDEOMAE_MCG,
  videoMaeClassifierMcg,
} from '../../../spec/index.js';
import { capabilitiesOf } from '../../settings/capabilities.js';
import { videoConfig } from '../../settings/clip.js';
import type { RunSettings } from '../../settings/config.js';
import { type Demand, demandsOf, type Unmet, unmetDemands } from '../demands.js';
import { writeExport } from './export-folder.js';
import type { ExportOptions } from './export-huggingface.js';
import { type ExportRecord, runTold } from './export-record.js';
import type { ExportedRun, ModelFacts } from './exported-run.js';
import { givenTensors } from './given-tensors.js';
import { modelCard } from './model-card.js';
import { writtenTensors } from './written-tensors.js';

/** What their models are, whatever the sizes. */
const BLOCKS = { normEps: 1e-6, activation: 'gelu', keyBias: false } as const;
const ENCODER: readonly Demand[] = demandsOf('encoder', {
  ...BLOCKS,
  positions: 'sinusoid',
  attention: 'joint',
  classToken: false,
  embeddingNorm: false,
});

/** A model of MCG-NJU/VideoMAE, as a run is written. */
interface TorchModel {
  readonly loads: string;
  readonly module: string;
  readonly layout: Layout;
  readonly own: RegExp;
  readonly needs: readonly Demand[];
  readonly use: string;
}

const FILE = 'checkpoint.pth';

const PRETRAINED: TorchModel = {
  loads: 'PretrainVisionTransformer',
  module: 'modeling_pretrain.py',
  layout: VIDEOMAE_MCG,
  own: /^(encoder|decoder)\./,
  needs: [
    ...ENCODER,
    ...demandsOf('encoder', { finalNorm: true }),
    ...demandsOf('decoder', { ...BLOCKS, finalNormEps: 1e-6 }),
  ],
  use: `Their fine-tuning takes it by \`run_class_finetuning.py --finetune ${FILE}\`.`,
};

const CLASSIFIER: Omit<TorchModel, 'layout'> = {
  loads: 'VisionTransformer',
  module: 'modeling_finetune.py',
  own: /^(encoder|classifier)\./,
  needs: ENCODER,
  use: 'It is their model with `use_mean_pooling=True`; the names of the classes are in `lacuna.json`, in the order of the logits.',
};

/**
 * Writes a run as MCG-NJU/VideoMAE's scripts load it, `{ model: state dict }`: encoder and decoder of a pretrained one,
 * or a fine-tuned classifier.
 *
 * @throws LacunaError that names the settings which their model has not, and where something lies there already.
 */
export async function exportTorch(
  run: ExportedRun,
  output: string,
  options: ExportOptions,
): Promise<ExportRecord> {
  const { settings } = run.manifest;
  const { loads, module, layout, own, needs, use } = modelOf(run.facts);
  requireFit(run, { loads, needs }, options);
  const video = videoConfig(settings);
  const state = run.state.filter(({ name }) => own.test(name));
  const tensors = givenTensors(layout, state, { video, grid: gridOf(video), first: 0 });
  const leftOut = run.state.filter((spec) => !state.includes(spec)).map(({ name }) => name);
  const told = await runTold(run, 'torch', loads, leftOut);
  const card = modelCard(
    {
      title: `${loads} of a run of Lacuna`,
      matter: [],
      language: 'python',
      code: [
        'import torch',
        `state = torch.load("${FILE}", map_location="cpu", weights_only=True)["model"]`,
        `model.load_state_dict(state)  # ${module} of MCG-NJU/VideoMAE`,
      ].join('\n'),
      notes: [
        use,
        'The file is an archive of numbers and of a pickle that rebuilds tensors and does nothing else.',
        ...layout.notes,
      ],
    },
    told,
    options,
  );
  return writeExport(output, told, card, async (folder) => {
    const { declared, read } = writtenTensors(run, tensors, options);
    await writeTorchFile(join(folder, FILE), 'model', declared, read);
  });
}

function modelOf({ heads }: ModelFacts): TorchModel {
  const [head] = heads ?? [];
  if (head === undefined) return PRETRAINED;
  return { ...CLASSIFIER, layout: videoMaeClassifierMcg(head.name) };
}

function requireFit(
  { folder, facts, manifest: { settings } }: ExportedRun,
  { loads, needs }: Pick<TorchModel, 'loads' | 'needs'>,
  { model }: ExportOptions,
): void {
  if (model !== undefined) {
    throw new LacunaError({
      where: '--model',
      what: `this format has one model, ${loads}`,
      got: model,
      fix: 'Leave --model out, or write --format hf.',
    });
  }
  const unmet = [...unmetTask(settings, facts), ...unmetDemands(settings, needs)];
  if (unmet.length === 0) return;
  throw new LacunaError({
    where: folder,
    what: `the model of this run is no ${loads} of MCG-NJU/VideoMAE`,
    got: unmet.map(({ key, got }) => `${key} ${got}`).join(', '),
    expected: unmet.map(({ key, expected }) => `${key} ${expected}`).join(', '),
    fix: 'Write it as ONNX files (--format onnx), which hold any model, or for transformers (--format hf).',
  });
}

function unmetTask(settings: RunSettings, { heads }: ModelFacts): readonly Unmet[] {
  if (heads !== undefined) {
    const count = `${heads.length}`;
    return heads.length === 1 ? [] : [{ key: 'heads', got: count, expected: '1' }];
  }
  if (capabilitiesOf(settings).reconstructs) return [];
  return [{ key: 'objective', got: settings.objective, expected: 'mae or mae+contrastive' }];
}
