import { readWithMotion } from '../../data/motion/motion-request.js';
import { evaluationClip } from '../../data/sampling/clip-sampling.js';
import type { VideoReader } from '../../data/video/video-reader.js';
import type { ClipSource, ReadClip, SimilaritySource } from '../../run/masked-clip/masked-clip.js';

/** A film that masks are drawn over. */
export interface Film extends VideoReader {
  /** What it is called as a sample, which the draws depend on: the file's name. */
  readonly id: string;
  /** Where text-guided masks have their map from. @defaultValue none */
  readonly similarity?: SimilaritySource;
}

/**
 * The clip of a film, as `lacuna mask show` takes it of a file: the frames of `evaluationClip`, and their motion by
 * block matching. The last one is kept, so that another seed or ratio reads nothing anew.
 */
export function filmClip(film: Film): ClipSource {
  let last: { readonly key: string; readonly clip: Promise<ReadClip> } | undefined;
  return (sampling) => {
    const key = JSON.stringify(sampling);
    if (last?.key !== key) {
      const own = { key, clip: readFilm(film, sampling) };
      last = own;
      // What failed is read anew when it is next asked for.
      own.clip.catch(() => {
        if (last === own) last = undefined;
      });
    }
    return last.clip;
  };
}

async function readFilm(
  film: Film,
  { motion, ...sampling }: Parameters<ClipSource>[0],
): Promise<ReadClip> {
  const request = evaluationClip(film.info, sampling);
  const { crop, flip } = request;
  if (motion === undefined) {
    const { data, indices } = await film.read(request);
    return { video: data, frameIndices: indices, crop, flip };
  }
  const read = await readWithMotion(film, request, motion);
  const { data, indices } = read.frames;
  return { video: data, frameIndices: indices, crop, flip, motion: read.motion };
}
