import { FlowModel } from '../../data/index.js';
import type { RunSettings } from '../../run/settings/config.js';

/**
 * Opens the model of optical flow that the run's masks are drawn by, tries it, and lets it go: a
 * wrong one is to be told of before anything is written. Returns the settings with its digest; runs
 * without such a model are left as they are.
 *
 * @throws LacunaError as `FlowModel.open`, also where the settings have another file's digest.
 */
export async function checkFlowModel(settings: RunSettings): Promise<RunSettings> {
  const { mask, clip } = settings;
  const { raft: path, raftDigest } = mask.motion ?? {};
  if (mask.motion === undefined || path === undefined) return settings;
  const file = { path, ...(raftDigest === undefined ? {} : { digest: raftDigest }) };
  const model = await FlowModel.open(file, clip.size);
  await model.release();
  return { ...settings, mask: { ...mask, motion: { ...mask.motion, raftDigest: model.digest } } };
}
