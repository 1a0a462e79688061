import { join } from 'node:path';
import { type Checkpoint, lastGoodCheckpoint } from '../checkpoint.js';
import type { ManifestBase } from '../manifest.js';
import { readAnyManifest } from '../read-manifest.js';
import type { RunSettings } from '../settings/config.js';
import { newestStage } from '../stages.js';
import type { Inspection } from './inspection.js';
import { cut } from './parts.js';

/** A run of any task, as `lacuna inspect` tells it. */
export interface ToldRun extends Pick<Inspection, 'kind' | 'facts'> {
  /** The last good one; undefined where there is none. */
  readonly checkpoint: Checkpoint | undefined;
}

/** @throws LacunaError for a manifest that is damaged. */
export async function toldRun(folder: string, onNote: (text: string) => void): Promise<ToldRun> {
  const manifest = await readAnyManifest(folder);
  const told = (kind: string, facts: Inspection['facts'], checkpoint?: Checkpoint): ToldRun => {
    const reached =
      checkpoint === undefined ? 'none that is good' : `after ${checkpoint.step} steps`;
    return { kind, facts: { ...facts, checkpoint: reached }, checkpoint };
  };
  const newest = (): Promise<Checkpoint | undefined> =>
    lastGoodCheckpoint(join(folder, 'checkpoints'), onNote);
  switch (manifest.task) {
    case 'linear-probe': {
      const { settings, classes, width, tokens, test } = manifest;
      const facts = {
        head: settings.head ?? 'linear',
        'probed run': cut(settings.run),
        features: tokens === undefined ? width : `${tokens} tokens of ${width}`,
        classes: cut(classes.join(', ')),
        'judged by clips': test.clips,
      };
      return told('a probe of Lacuna', { ...base(manifest), ...facts }, await newest());
    }
    case 'finetune': {
      const { settings, heads } = manifest;
      const classes = heads.map(({ name, classes: own }) => [
        `classes of ${cut(name)}`,
        cut(own.join(', ')),
      ]);
      const facts = {
        recipe: settings.finetuning?.recipe ?? '',
        ...shape(settings),
        ...Object.fromEntries(classes),
      };
      return told('a fine-tuned run of Lacuna', { ...base(manifest), ...facts }, await newest());
    }
    default: {
      const { manifest: own, checkpoint } = await newestStage(folder, manifest, onNote);
      const { settings, vocabulary } = own;
      const { preset, objective } = settings;
      const facts = { ...base(own), preset, objective, ...shape(settings), vocabulary };
      return told('a run of Lacuna', facts, checkpoint);
    }
  }
}

function base({ lacuna, created, parameters, data }: ManifestBase): Inspection['facts'] {
  return { lacuna, created, parameters, clips: data.clips, 'data digest': data.digest };
}

function shape({ encoder, clip }: RunSettings): Inspection['facts'] {
  return {
    encoder: `width ${encoder.width}, depth ${encoder.depth}, heads ${encoder.heads}`,
    clip: `${clip.frames} frames of ${clip.size}, cubes of ${clip.tubelet} x ${clip.patch} x ${clip.patch}`,
  };
}
