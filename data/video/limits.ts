/** Bounds on what a video file may ask of this machine; a file beyond one is refused in a sentence. */

/** Pixels of one coded frame: 8K (7680 x 4320) fits. */
export const MAX_FRAME_PIXELS: number = 2 ** 25;
/** Frames of one video: above 9 hours at 30 frames a second. */
export const MAX_VIDEO_FRAMES: number = 2 ** 20;
/** Frames a second that are taken for a rate. */
export const MIN_RATE: number = 0.1;
export const MAX_RATE: number = 1000;
/** Bytes of one video file (16 GiB). */
export const MAX_FILE_BYTES: number = 2 ** 34;
/** Bytes of the RGB frames that one read may return (1 GiB). */
export const MAX_CLIP_BYTES: number = 2 ** 30;

/**
 * The containers that are opened. Formats that name other files (playlists, `concat`, image
 * patterns) are left out, so that a file can never lead the reader to another one.
 */
export const CONTAINERS: string = 'mov,matroska,avi,flv,gif,mpeg,mpegts,ogg,asf';

/**
 * Codecs whose decoders hand out broken frames, with what lay in memory before, and do not say so: they
 * are told to give none (`err_detect=explode`). Others say so, or conceal nothing.
 */
export const STRICT_CODECS: ReadonlySet<string> = new Set(['mjpeg', 'png', 'webp']);
