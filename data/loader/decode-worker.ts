import { parentPort, workerData } from 'node:worker_threads';
import { LacunaError } from '../../spec/errors.js';
import { augmentClip } from '../augmentation/augment-clip.js';
import { FlowModel } from '../motion/flow-model.js';
import { readWithMotion } from '../motion/motion-request.js';
import {
  augmentationAddress,
  type ClipSampling,
  evaluationClip,
  type FrameSpan,
  inSpan,
  trainingClip,
} from '../sampling/clip-sampling.js';
import { partSpan } from '../sampling/part-span.js';
import { type ClipViews, cutViews, viewClips } from '../sampling/view-clips.js';
import { videoInRoot } from '../video/data-root.js';
import { videoBackend } from '../video/video-backend.js';
import { requireDigest } from '../video/video-file.js';
import type { VideoBackend, VideoReader } from '../video/video-reader.js';
import type { Clip } from './clip.js';
import type {
  ClipProblem,
  DecodeJob,
  DecodeSetup,
  FromWorker,
  ToWorker,
} from './decode-messages.js';

/** The entry of a decoding worker: it answers jobs one after the other, each by a clip or a problem. */
async function main(): Promise<void> {
  const setup = workerData as DecodeSetup;
  let backend: VideoBackend;
  let model: FlowModel | undefined;
  try {
    backend = await videoBackend(setup.backend);
    model = await openFlowModel(setup);
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    return answer({ kind: 'unavailable', facts: error.facts });
  }
  let last: Promise<void> = Promise.resolve();
  let stopping = false;
  parentPort?.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') {
      stopping = true;
      last = last.then(() => model?.release()).then(() => process.exit(0));
    } else {
      last = last.then(() => (stopping ? undefined : work({ setup, backend, model }, message)));
    }
  });
  answer({ kind: 'ready', backend: backend.name });
}

/** What a worker works with. */
interface Tools {
  readonly setup: DecodeSetup;
  readonly backend: VideoBackend;
  readonly model: FlowModel | undefined;
}

/** The model of optical flow that the clips' motion is asked of, if any: one a worker. */
async function openFlowModel({ sampling }: DecodeSetup): Promise<FlowModel | undefined> {
  const { motion, size } = sampling;
  if (motion?.map !== 'flow' || motion.raft === undefined) return undefined;
  return FlowModel.open(motion.raft, size);
}

function answer(message: FromWorker, buffers: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, buffers);
}

async function work(tools: Tools, job: Extract<ToWorker, { kind: 'job' }>): Promise<void> {
  const { backend } = tools;
  const { key } = job;
  let reader: VideoReader;
  try {
    const path = await videoInRoot(job.root, job);
    if (job.verify && job.member !== undefined) await requireDigest(path, job.member);
    reader = await backend.open(path);
  } catch (error) {
    return answer({ kind: 'problem', key, problem: problemOf(job, error, true) });
  }
  try {
    const clip = await readClip(reader, tools, job);
    const maps = clip.motion === undefined ? [] : [clip.motion.map.buffer];
    answer({ kind: 'clip', key, clip }, [clip.video.buffer, ...maps]);
  } catch (error) {
    answer({ kind: 'problem', key, problem: problemOf(job, error, false) });
  } finally {
    reader[Symbol.dispose]();
  }
}

async function readClip(
  reader: VideoReader,
  { setup: { sampling }, model }: Tools,
  { address, repeat, window, part, views }: DecodeJob,
): Promise<Clip> {
  const span = partSpan(reader, part ?? { first: 0, count: reader.info.frameCount });
  if (views !== undefined) return readViews(reader, span, sampling, views);
  const alone = { ...reader.info, frameCount: span.count };
  const request = inSpan(
    address === undefined
      ? evaluationClip(alone, sampling, window)
      : trainingClip(alone, sampling, address, repeat),
    span,
  );
  const { crop, flip } = request;
  const { frames, ...motion } =
    sampling.motion === undefined
      ? { frames: await reader.read(request) }
      : await readWithMotion(reader, request, sampling.motion, model);
  const { data, indices, decodedFrames } = frames;
  const missingFrames = request.indices.filter((index, t) => index !== indices[t]).length;
  if (address !== undefined && sampling.augmentation !== undefined) {
    const own = augmentationAddress(address, repeat ?? 0);
    augmentClip(data, sampling.size, sampling.augmentation, own);
  }
  const facts = { crop, flip, missingFrames, decodedFrames };
  return { video: data, frameIndices: indices, ...facts, ...motion };
}

/** All views of a video as one clip, one after the other. */
async function readViews(
  reader: VideoReader,
  span: FrameSpan,
  sampling: ClipSampling,
  views: ClipViews,
): Promise<Clip> {
  const alone = viewClips({ ...reader.info, frameCount: span.count }, sampling, views);
  const view = { ...alone, request: inSpan(alone.request, span) };
  const { request } = view;
  const { data, indices, decodedFrames } = await reader.read(request);
  const missingFrames = request.indices.filter((index, t) => index !== indices[t]).length;
  const { crop, flip } = request;
  const video = cutViews(data, view, sampling);
  return { video, frameIndices: indices, crop, flip, missingFrames, decodedFrames };
}

/** A file's problem is told by its name in the list, not by its path on this machine. */
function problemOf({ video }: DecodeJob, error: unknown, isWholeVideo: boolean): ClipProblem {
  const facts = error instanceof LacunaError ? error.facts : { what: String(error) };
  return { reason: new LacunaError({ ...facts, where: video }).message, isWholeVideo };
}

await main();
