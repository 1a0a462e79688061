import { matmulFlops } from '../core/measure/matmul-flops.js';
import type { TrainedModel } from '../run/open-program.js';
import { modelConfig, videoConfig } from '../run/settings/settings.js';
import { clipTokens, type Model, textEmbeddingModel, videoEmbeddingModel } from '../spec/index.js';

/** The program that embeds `batch` clips with every token visible. */
export function videoProgram({ settings, tokenizer }: ModelOf, batch: number): Model {
  const config = modelConfig(settings, tokenizer?.vocabSize ?? 0);
  return videoEmbeddingModel(config, { batch, visible: clipTokens(videoConfig(settings)) });
}

/** The program that embeds `batch` texts. */
export function textProgram({ settings, tokenizer }: ModelOf, batch: number): Model {
  const config = modelConfig(settings, tokenizer?.vocabSize ?? 0);
  return textEmbeddingModel(config, { batch });
}

/** Multiplications and additions of the products that embed one clip, all tokens visible. */
export function clipFlops(model: ModelOf): number {
  return matmulFlops(videoProgram(model, 1).program);
}

type ModelOf = Pick<TrainedModel, 'settings' | 'tokenizer'>;
