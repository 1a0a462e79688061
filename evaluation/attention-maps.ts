import { type TrainedModel, withProgram } from '../run/open-program.js';
import { videoConfig } from '../run/settings/settings.js';
import { attentionMapModel } from '../spec/index.js';
import type { Watch } from './evaluator.js';

/**
 * What the token in the middle of each clip attends to, with nothing masked: for each of `clips`
 * (u8 RGB [T, S, S, 3]) f32 [L, N], block by block. See `attentionMapModel`.
 */
export async function attentionMaps(
  model: TrainedModel,
  clips: readonly Uint8Array[],
  { onProgress }: Watch = {},
): Promise<readonly Float32Array[]> {
  const { encoder, clip } = model.settings;
  const program = attentionMapModel({ video: videoConfig(model.settings), encoder }, { batch: 1 });
  const shape = [1, clip.frames, clip.size, clip.size, 3];
  return withProgram(model, program, async (run) => {
    const maps: Float32Array[] = [];
    for (const [index, data] of clips.entries()) {
      onProgress?.('clips looked at', index, clips.length);
      const { attention } = await run({ frames: { dtype: 'u8', shape, data } });
      maps.push(attention?.data as Float32Array);
    }
    onProgress?.('clips looked at', clips.length, clips.length);
    return maps;
  });
}
