import { join } from 'node:path';
import { writeTorchFile } from '../../../formats/torch-file.js';
import { gridOf, LacunaError, VIDEOMAE_MCG } from '../../../spec/index.js';
import { capabilitiesOf } from '../../settings/capabilities.js';
import { videoConfig } from '../../settings/clip.js';
import type { RunSettings } from '../../settings/config.js';
import { type Demand, demandsOf, type Unmet, unmetDemands } from '../demands.js';
import { writeExport } from './export-folder.js';
import type { ExportOptions } from './export-huggingface.js';
import { type ExportRecord, runTold } from './export-record.js';
import type { ExportedRun } from './exported-run.js';
import { givenTensors } from './given-tensors.js';
import { modelCard } from './model-card.js';
import { writtenTensors } from './written-tensors.js';

/** What `PretrainVisionTransformer` is, whatever the sizes. */
const BLOCKS = { normEps: 1e-6, activation: 'gelu', keyBias: false } as const;
const NEEDS: readonly Demand[] = [
  ...demandsOf('encoder', {
    ...BLOCKS,
    positions: 'sinusoid',
    attention: 'joint',
    classToken: false,
    embeddingNorm: false,
    finalNorm: true,
  }),
  ...demandsOf('decoder', { ...BLOCKS, finalNormEps: 1e-6 }),
];

const FILE = 'checkpoint.pth';
const CLASS = 'PretrainVisionTransformer';

/**
 * Writes encoder and decoder of a run as MCG-NJU/VideoMAE's scripts load them: `{ model: state dict }`.
 *
 * @throws LacunaError that names the settings which their model has not, and where something lies there already.
 */
export async function exportTorch(
  run: ExportedRun,
  output: string,
  options: ExportOptions,
): Promise<ExportRecord> {
  const { settings } = run.manifest;
  requireFit(settings, run.folder, options);
  const video = videoConfig(settings);
  const own = run.state.filter(({ name }) => /^(encoder|decoder)\./.test(name));
  const geometry = { video, grid: gridOf(video), first: 0 };
  const tensors = givenTensors(VIDEOMAE_MCG, own, geometry);
  const leftOut = run.state.filter((spec) => !own.includes(spec)).map(({ name }) => name);
  const told = await runTold(run, 'torch', CLASS, leftOut);
  const card = modelCard(
    {
      title: `${CLASS} of a run of Lacuna`,
      matter: [],
      language: 'python',
      code: [
        'import torch',
        `state = torch.load("${FILE}", map_location="cpu", weights_only=True)["model"]`,
        'model.load_state_dict(state)  # modeling_pretrain.py of MCG-NJU/VideoMAE',
      ].join('\n'),
      notes: [
        `Their fine-tuning takes it by \`run_class_finetuning.py --finetune ${FILE}\`.`,
        'The file is an archive of numbers and of a pickle that rebuilds tensors and does nothing else.',
        ...VIDEOMAE_MCG.notes,
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

function requireFit(settings: RunSettings, run: string, { model }: ExportOptions): void {
  if (model !== undefined) {
    throw new LacunaError({
      where: '--model',
      what: `this format has one model, ${CLASS}`,
      got: model,
      fix: 'Leave --model out, or write --format hf.',
    });
  }
  const { reconstructs } = capabilitiesOf(settings);
  const unmet: readonly Unmet[] = reconstructs
    ? unmetDemands(settings, NEEDS)
    : [{ key: 'objective', got: settings.objective, expected: 'mae or mae+contrastive' }];
  if (unmet.length === 0) return;
  throw new LacunaError({
    where: run,
    what: `the model of this run is no ${CLASS} of MCG-NJU/VideoMAE`,
    got: unmet.map(({ key, got }) => `${key} ${got}`).join(', '),
    expected: unmet.map(({ key, expected }) => `${key} ${expected}`).join(', '),
    fix: 'Write it as ONNX files (--format onnx), which hold any model, or for transformers (--format hf).',
  });
}
