import { LacunaError } from '../../spec/errors.js';
import { ffmpegBackend } from './ffmpeg/ffmpeg-backend.js';
import { nodeAvBackend } from './node-av/node-av-backend.js';
import type { VideoBackend, VideoBackendName } from './video-reader.js';

/**
 * The video backend of this name; `auto` is `node-av` where it runs and `ffmpeg` elsewhere.
 *
 * @throws LacunaError when it is not there, saying what to install.
 */
export async function videoBackend(name: VideoBackendName | 'auto'): Promise<VideoBackend> {
  if (name === 'node-av') return nodeAvBackend();
  if (name === 'ffmpeg') return ffmpegBackend();
  const reasons: string[] = [];
  for (const load of [nodeAvBackend, ffmpegBackend]) {
    try {
      return await load();
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      reasons.push(error.facts.what);
    }
  }
  throw new LacunaError({
    what: `no video can be decoded here: ${reasons.join(', and ')}`,
    fix: 'Run "npm install node-av", or install the programs ffmpeg and ffprobe (5.1 or later).',
  });
}
