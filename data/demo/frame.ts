/** Width and height of a demo clip in pixels: whole macroblocks, so that nothing is padded. */
export const FRAME_SIDE = 64;
/** Frames of a demo clip: two seconds. */
export const FRAME_COUNT = 24;
export const FRAMES_PER_SECOND = 12;

export type Rgb = readonly [red: number, green: number, blue: number];

/** A picture of `FRAME_SIDE` squared, red, green and blue by pixel, 0 to 255, not yet rounded. */
export type Picture = Float32Array;

const PIXELS = FRAME_SIDE * FRAME_SIDE;

export function newPicture(): Picture {
  return new Float32Array(PIXELS * 3);
}

/** Bytes of a picture in planar YUV 4:2:0. */
export const YUV_BYTES: number = (PIXELS * 3) / 2;

/**
 * The picture as planar YUV 4:2:0, limited range, BT.601 (what decoders assume of a small video);
 * chroma is the mean of each 2 x 2 block.
 */
export function toYuv(picture: Picture, out: Uint8Array): void {
  const half = FRAME_SIDE / 2;
  for (let blockY = 0; blockY < half; blockY++) {
    for (let blockX = 0; blockX < half; blockX++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let corner = 0; corner < 4; corner++) {
        const pixel = (2 * blockY + (corner >> 1)) * FRAME_SIDE + 2 * blockX + (corner & 1);
        const r = picture[pixel * 3] ?? 0;
        const g = picture[pixel * 3 + 1] ?? 0;
        const b = picture[pixel * 3 + 2] ?? 0;
        out[pixel] = Math.floor(16.5 + (65.481 * r + 128.553 * g + 24.966 * b) / 255);
        red += r;
        green += g;
        blue += b;
      }
      const place = PIXELS + blockY * half + blockX;
      out[place] = Math.floor(128.5 + (-37.797 * red - 74.203 * green + 112 * blue) / 1020);
      out[place + PIXELS / 4] = Math.floor(
        128.5 + (112 * red - 93.786 * green - 18.214 * blue) / 1020,
      );
    }
  }
}
