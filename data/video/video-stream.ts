import { refusal } from './refusal.js';
import type { VideoPath } from './video-path.js';

/** What the choice among the streams of a file goes by. */
export interface StreamTraits {
  readonly isVideo: boolean;
  /** Whether it is a cover picture or a thumbnail. */
  readonly isPicture: boolean;
  /** Whether the container marks it as the one to show. */
  readonly isDefault: boolean;
}

/**
 * The stream that is the file's video: the first that the container marks as the one to show, or
 * else the first. Cover pictures are none.
 *
 * @throws LacunaError when there is none.
 */
export function videoStreamOf<S>(
  path: VideoPath,
  streams: readonly S[],
  traits: (stream: S) => StreamTraits,
): S {
  const videos = streams.filter((stream) => {
    const { isVideo, isPicture } = traits(stream);
    return isVideo && !isPicture;
  });
  const chosen = videos.find((stream) => traits(stream).isDefault) ?? videos[0];
  if (chosen === undefined) throw refusal(path, 'the file has no video stream');
  return chosen;
}
