import { join } from 'node:path';
import { z } from 'zod';
import { LacunaError } from '../../spec/index.js';
import { lastGoodCheckpoint, noCheckpointYet } from '../checkpoint.js';
import { MANIFEST, readManifest } from '../read-manifest.js';
import { modelState } from '../settings/settings.js';
import { newestStage } from '../stages.js';
import type { Architecture, Tower, TowerName } from './architectures/architecture.js';
import { huggingFaceArchitecture } from './architectures/huggingface.js';
import { lacunaArchitecture } from './architectures/lacuna-run.js';
import { type Demand, demandsOf } from './demands.js';
import { namesIn, openWeightFiles, readJson, WeightFiles } from './weight-files.js';

/** A folder that first weights come from, with what is known of it before a tensor is read. */
export interface WeightSource {
  readonly folder: string;
  readonly architecture: Architecture;
  /** Statistics of pixels that its images were normalised with. */
  readonly pixels: readonly Demand[];
  /** Its tokenizer.json, where there is one. */
  readonly tokenizer?: string;
  /** Opens its tensors; the caller closes them. */
  open(): Promise<WeightFiles>;
  /** SHA-256 of its files. */
  digest(files: WeightFiles): Promise<string>;
}

/**
 * A folder with a model as Hugging Face saves it, or a run of Lacuna with a good checkpoint.
 *
 * @param onNote Told what is wrong with a checkpoint that is not taken.
 * @throws LacunaError for another folder, and for a model of another kind.
 */
export async function openSource(
  folder: string,
  onNote: (text: string) => void = () => {},
): Promise<WeightSource> {
  const names = await namesIn(folder);
  const tokenizer = names.includes('tokenizer.json')
    ? { tokenizer: join(folder, 'tokenizer.json') }
    : {};
  if (names.includes(MANIFEST)) return { ...(await runSource(folder, onNote)), ...tokenizer };
  if (!names.includes('config.json')) {
    throw new LacunaError({
      where: folder,
      what: 'this folder holds neither a model nor a run',
      got: `${names.slice(0, 5).join(', ').slice(0, 200) || 'nothing'}`,
      expected:
        'config.json and model.safetensors (Hugging Face), or manifest.json (a run of Lacuna)',
      fix: 'Name the folder that these files lie in.',
    });
  }
  const file = join(folder, 'config.json');
  const architecture = huggingFaceArchitecture(await readJson(file), file);
  return {
    folder,
    architecture,
    pixels: architecture.towers.video === undefined ? [] : await pixelsOf(folder, names),
    ...tokenizer,
    open: () => openWeightFiles(folder),
    digest: (files) => files.digest(['config.json']),
  };
}

async function runSource(folder: string, onNote: (text: string) => void): Promise<WeightSource> {
  const written = await readManifest(folder);
  const { manifest } = await newestStage(folder, written, onNote);
  const { settings, vocabulary } = manifest;
  const state = modelState(settings, vocabulary);
  return {
    folder,
    architecture: lacunaArchitecture(settings, state),
    pixels: [],
    open: async () => {
      const checkpoint = await lastGoodCheckpoint(join(folder, 'checkpoints'), onNote, state);
      if (checkpoint !== undefined) {
        const roles = checkpoint.files.filter((name) => MODEL_FILES.includes(name));
        return WeightFiles.open(checkpoint.path, roles);
      }
      throw noCheckpointYet(folder, 'there are no weights to begin with');
    },
    digest: (files) => files.digest([]),
  };
}

/** What a checkpoint has of the model itself. */
const MODEL_FILES = ['parameter.safetensors', 'statistic.safetensors'];

const channel = z.number().min(0).max(1);
const PIXELS = z.looseObject({
  do_normalize: z.boolean().default(true),
  image_mean: z.tuple([channel, channel, channel]),
  image_std: z.tuple([channel, channel, channel]),
});

/** From preprocessor_config.json; without one, pixels are normalised as the run says. */
async function pixelsOf(folder: string, names: readonly string[]): Promise<readonly Demand[]> {
  if (!names.includes('preprocessor_config.json')) return [];
  const file = join(folder, 'preprocessor_config.json');
  const parsed = PIXELS.safeParse(await readJson(file));
  if (parsed.success && parsed.data.do_normalize) {
    const { image_mean: mean, image_std: std } = parsed.data;
    return demandsOf('clip', { mean, std }, false);
  }
  throw new LacunaError({
    where: file,
    what: 'it does not say how pixels are normalised',
    expected: 'do_normalize true, image_mean and image_std of 3 numbers in [0, 1]',
    fix: 'Remove the file, and set clip.mean and clip.std.',
  });
}

/** The tower of a source. @throws LacunaError where its model has none such. */
export function requireTower({ architecture, folder }: WeightSource, name: TowerName): Tower {
  const tower = architecture.towers[name];
  if (tower !== undefined) return tower;
  throw new LacunaError({
    where: name === 'video' ? 'encoder.init' : 'text.init',
    what: `${architecture.model} has no ${name} encoder`,
    got: folder,
    fix: `Name a folder that holds one, or leave it out.`,
  });
}
