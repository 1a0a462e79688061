import { LacunaError } from '../../spec/errors.js';
import { openDrawnClip } from '../demo/drawn-clip.js';
import { DRAWN_ALONE } from './drawn-alone.js';
import { ffmpegBackend } from './ffmpeg/ffmpeg-backend.js';
import { nodeAvBackend } from './node-av/node-av-backend.js';
import { shownPath } from './video-path.js';
import type { VideoBackend, VideoBackendName } from './video-reader.js';

/**
 * The video backend of this name; `auto` is `node-av` where it runs, and `ffmpeg` elsewhere. In a browser, where neither
 * can, it is `drawn`. All of them read the demo's drawn clips.
 *
 * @throws LacunaError when it is not there, saying what to install.
 */
export async function videoBackend(name: VideoBackendName | 'auto'): Promise<VideoBackend> {
  const decoder = await decoderNamed(name);
  return {
    name: decoder.name,
    open: async (path) => (await openDrawnClip(path)) ?? decoder.open(path),
  };
}

async function decoderNamed(name: VideoBackendName | 'auto'): Promise<VideoBackend> {
  if (name === 'node-av') return nodeAvBackend();
  if (name === 'ffmpeg') return ffmpegBackend();
  if (name === 'drawn' || DRAWN_ALONE) return NO_DECODER;
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

const NO_DECODER: VideoBackend = {
  name: 'drawn',
  open: async (path) => {
    throw new LacunaError({
      where: shownPath(path),
      what: 'no video is decoded here, and drawn clips alone are read',
    });
  },
};
