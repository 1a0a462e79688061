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
import type { VideoBackend, VideoBackendName, VideoReader } from '../video/video-reader.js';
import type { Clip } from './clip.js';
import type { ClipProblem, DecodeJob, DecodeOutcome, DecodeSetup } from './decode-messages.js';

/** Decodes clips in the thread that it is called in. */
export class ClipDecoder {
  readonly #setup: DecodeSetup;
  readonly #backend: VideoBackend;
  readonly #model: FlowModel | undefined;

  private constructor(setup: DecodeSetup, backend: VideoBackend, model: FlowModel | undefined) {
    this.#setup = setup;
    this.#backend = backend;
    this.#model = model;
  }

  /** @throws LacunaError where the video backend, or the model of motion, is not there. */
  static async open(setup: DecodeSetup): Promise<ClipDecoder> {
    const backend = await videoBackend(setup.backend);
    return new ClipDecoder(setup, backend, await openFlowModel(setup));
  }

  get backend(): VideoBackendName {
    return this.#backend.name;
  }

  /**
   * One clip, or why there is none.
   *
   * @param verify Whether the bytes of a member of a tar are held to its digest first.
   */
  async decode(job: DecodeJob, verify: boolean): Promise<DecodeOutcome> {
    let reader: VideoReader;
    try {
      const path = await videoInRoot(job.root, job);
      if (verify && job.member !== undefined) await requireDigest(path, job.member);
      reader = await this.#backend.open(path);
    } catch (error) {
      return { problem: problemOf(job, error, true) };
    }
    try {
      return { clip: await readClip(reader, this.#setup.sampling, this.#model, job) };
    } catch (error) {
      return { problem: problemOf(job, error, false) };
    } finally {
      reader[Symbol.dispose]();
    }
  }

  async close(): Promise<void> {
    await this.#model?.release();
  }
}

/** The model of optical flow that the clips' motion is asked of, if any. */
async function openFlowModel({ sampling }: DecodeSetup): Promise<FlowModel | undefined> {
  const { motion, size } = sampling;
  if (motion?.map !== 'flow' || motion.raft === undefined) return undefined;
  return FlowModel.open(motion.raft, size);
}

async function readClip(
  reader: VideoReader,
  sampling: ClipSampling,
  model: FlowModel | undefined,
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
