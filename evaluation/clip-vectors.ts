import type { HostTensor, Named } from '../core/backend.js';
import type { Clip } from '../data/index.js';
import type { TrainedModel } from '../run/open-program.js';
import type { RunSettings } from '../run/settings/config.js';
import { videoConfig } from '../run/settings/settings.js';
import { clipTokens, type FeaturePooling, type Model, videoFeatureModel } from '../spec/index.js';
import { videoProgram } from './embedding-programs.js';
import { frames } from './read-clips.js';

/** What a model makes of a clip, every token visible. */
export interface ClipVectors {
  /** In the keys of the cache. */
  readonly name: string;
  /** For people: `the mean of the encoder's tokens`. */
  readonly title: string;
  /** Whether the mean of several windows is scaled to length 1, as each of them is. */
  readonly isUnit: boolean;
  /** The program that makes it of `batch` clips: its output is `embedding`. */
  program(model: TrainedModel, batch: number): Model;
  /** What that program is fed. */
  feeds(settings: RunSettings, clips: readonly Clip[]): Named<HostTensor>;
  /** Vectors of a clip: 1, or one of each of its tokens. */
  count(settings: RunSettings): number;
}

/** The projected vector of length 1 that is aligned with text. */
export const ALIGNED_VECTORS: ClipVectors = {
  name: 'clip',
  title: 'the vector of length 1 that is aligned with text',
  isUnit: true,
  program: videoProgram,
  feeds: (settings, clips) => {
    const count = clipTokens(videoConfig(settings));
    const visible = Int32Array.from({ length: clips.length * count }, (_, index) => index % count);
    return {
      frames: frames(settings, clips),
      visible: { dtype: 'i32', shape: [clips.length, count], data: visible },
    };
  },
  count: () => 1,
};

/** The mean of the encoder's tokens, before any projection: what a linear probe reads. */
export const FEATURE_VECTORS: ClipVectors = features('features', 'mean', () => 1);

/** Each of them: what an attentive probe reads. */
export const TOKEN_VECTORS: ClipVectors = features('tokens', 'none', (settings) =>
  clipTokens(videoConfig(settings)),
);

function features(name: string, pooling: FeaturePooling, count: ClipVectors['count']): ClipVectors {
  return {
    name,
    title: pooling === 'mean' ? "the mean of the encoder's tokens" : "all of the encoder's tokens",
    isUnit: false,
    program: ({ settings }, batch) => {
      const config = { video: videoConfig(settings), encoder: settings.encoder };
      return videoFeatureModel(config, { batch, pooling });
    },
    feeds: (settings, clips) => ({ frames: frames(settings, clips) }),
    count,
  };
}
