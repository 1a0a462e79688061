import { realpath } from 'node:fs/promises';
import {
  type ClipRecord,
  checkDataFolder,
  type DataRoot,
  type FrameSize,
  type Frames,
  keyFrames,
  partSpan,
  rootFolder,
  type VideoBackend,
  type VideoBackendName,
  videoBackend,
  videoInRoot,
} from '../../../data/index.js';
import { LacunaError } from '../../../spec/errors.js';
import type { CaptionSource, SourceOutcome } from '../caption-source.js';
import { type Captioner, firstLine, openCaptioner } from './captioner.js';
import { openCaptionerFolder } from './captioner-folder.js';

export interface ModelCaptionsOptions {
  /** The folder with the captioner, in the Hugging Face layout. */
  readonly folder: string;
  /** The data folder. */
  readonly root: DataRoot;
  /** Key frames of a video. @defaultValue 3, as TGM */
  readonly frames?: number;
  /** Which of the folder's files: a key of `DTYPE_ENDINGS`. @defaultValue 'fp32' */
  readonly dtype?: string;
  /** Tokens of a caption. @defaultValue 64 */
  readonly maxTokens?: number;
  /** What is asked of SmolVLM; the other kinds take no instruction. */
  readonly instruction?: string;
  /** @defaultValue 'auto' */
  readonly video?: VideoBackendName | 'auto';
}

const INSTRUCTION = 'Describe this image in one short sentence.';

/**
 * Captions of key frames (`keyFrames`) by an image captioner of this machine: one a frame, as TGM
 * takes them from BLIP-2 (section 4.1). Frames go in whole and at full size: the captioner's own
 * preprocessing crops and scales them. Nothing is fetched from the network.
 *
 * @throws LacunaError for a folder that is no captioner, without the library, or for a data folder
 *   that is not the list's.
 */
export async function modelCaptions(
  records: readonly ClipRecord[],
  { folder, root, frames = 3, dtype = 'fp32', maxTokens = 64, ...rest }: ModelCaptionsOptions,
): Promise<CaptionSource> {
  const { instruction = INSTRUCTION, video = 'auto' } = rest;
  await checkDataFolder(root, records);
  const backend = await videoBackend(video);
  const opened = await openCaptionerFolder(folder, dtype);
  const captioner = await openCaptioner(opened, { dtype, maxTokens, instruction });
  const asked = opened.kind === 'smolvlm' ? { instruction } : {};
  let described = 0;
  return {
    facts: {
      source: 'model',
      kind: opened.kind,
      digest: opened.digest,
      root: await realpath(rootFolder(root)), // another folder's videos may have the same names
      frames,
      dtype,
      max_tokens: maxTokens,
      ...asked,
    },
    concurrency: 1,
    keyOf: (record) => record.id,
    caption: async (record, signal) => {
      const read = await readKeyFrames(backend, root, record, frames);
      if ('problem' in read) return read;
      try {
        const captions = await describe(captioner, read, signal);
        described += 1;
        return captions.length === frames
          ? { captions }
          : { captions, note: `${captions.length} of ${frames} key frames: it has no more` };
      } catch (cause) {
        if (signal.aborted) throw cause;
        const got = firstLine(cause);
        // What fails at the first video will fail at all.
        if (described > 0) return { problem: `the captioner fails on it (${got})` };
        throw new LacunaError({ what: 'the captioner fails', where: record.video, got }, { cause });
      }
    },
    [Symbol.asyncDispose]: () => captioner[Symbol.asyncDispose](),
  };
}

interface KeyFrames extends FrameSize {
  readonly data: Uint8Array;
  /** Their indices, each once. */
  readonly indices: readonly number[];
}

async function readKeyFrames(
  backend: VideoBackend,
  root: DataRoot,
  record: ClipRecord,
  count: number,
): Promise<KeyFrames | Extract<SourceOutcome, { readonly problem: string }>> {
  try {
    using reader = await backend.open(await videoInRoot(root, record));
    const { width, height, frameCount } = reader.info;
    const size = { width, height };
    const span = partSpan(reader, record.part ?? { first: 0, count: frameCount });
    const indices = keyFrames(span.count, count).map((index) => span.first + index);
    const crop = { x: 0, y: 0, ...size };
    const read: Frames = await reader.read({ indices, crop, size, flip: false });
    // Of a damaged video the last frame that decodes stands for later ones: it is captioned once.
    return { ...size, data: read.data, indices: read.indices };
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    const { what, got } = error.facts; // without the path: it is told with its name in the list
    return { problem: got === undefined ? what : `${what} (${got})` };
  }
}

async function describe(
  captioner: Captioner,
  { data, indices, width, height }: KeyFrames,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const bytes = width * height * 3;
  const captions: string[] = [];
  for (const [t, index] of indices.entries()) {
    signal.throwIfAborted();
    if (indices.indexOf(index) < t) continue;
    const frame = data.subarray(t * bytes, (t + 1) * bytes);
    captions.push(await captioner.caption(frame, width, height));
  }
  return captions;
}
