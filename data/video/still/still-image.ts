import type { Orientation } from '../orientation.js';
import { checkStoredSize, refusal } from '../refusal.js';
import { readVideo } from '../video-file.js';
import type { VideoPath } from '../video-path.js';
import type { FrameSize } from '../video-reader.js';
import { BrokenStill } from './broken-still.js';
import { jpegFacts } from './jpeg.js';
import { pngFacts, requireWholePng } from './png.js';
import { webpFacts } from './webp.js';

/** What the bytes of a picture say of it. */
export interface StillFacts {
  readonly stored: FrameSize;
  readonly orientation: Orientation;
  /** A filter before those of `filterChain`, where FFmpeg's versions do not agree without. @defaultValue none */
  readonly before?: string;
}

/** A still picture with its bytes. */
export interface StillImage extends StillFacts {
  /** FFmpeg's name of the codec. */
  readonly codec: 'png' | 'mjpeg' | 'webp';
  readonly bytes: Buffer;
}

/** Formats of one picture, by their first bytes: names of files are not looked at. */
const FORMATS: readonly {
  readonly codec: StillImage['codec'];
  readonly name: string;
  readonly begins: (head: Buffer) => boolean;
  /** Looks a picture through. @throws BrokenStill for bytes that are none, or none whole. */
  readonly facts: (bytes: Buffer) => StillFacts;
  /** What is looked at once the size is known to be bearable. @throws BrokenStill */
  readonly requireWhole?: (bytes: Buffer) => void;
}[] = [
  {
    codec: 'png',
    name: 'PNG',
    begins: (head) => head.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n',
    facts: pngFacts,
    requireWhole: requireWholePng,
  },
  {
    codec: 'mjpeg',
    name: 'JPEG',
    begins: (head) => head.toString('latin1', 0, 3) === '\xff\xd8\xff',
    facts: jpegFacts,
  },
  {
    codec: 'webp',
    name: 'WebP',
    begins: (head) => /^52494646.{8}57454250/.test(head.toString('hex')),
    facts: webpFacts,
  },
];

/** Bytes of a picture's file (64 MiB). */
export const MAX_STILL_BYTES: number = 2 ** 26;

/**
 * The picture in a file, looked through to its end; undefined where the file begins as none. What it
 * says of its size is checked before anything is made of it.
 *
 * @throws LacunaError for a picture that is too large, damaged, or cut off.
 */
export async function readStill(path: VideoPath, head: Buffer): Promise<StillImage | undefined> {
  const format = FORMATS.find(({ begins }) => begins(head));
  if (format === undefined) return undefined;
  const bytes = await readVideo(path, MAX_STILL_BYTES);
  try {
    const facts = format.facts(bytes);
    checkStoredSize(path, facts.stored);
    format.requireWhole?.(bytes);
    return { codec: format.codec, bytes, ...facts };
  } catch (error) {
    if (!(error instanceof BrokenStill)) throw error;
    throw refusal(path, `the ${format.name} picture cannot be read`, error.message);
  }
}
