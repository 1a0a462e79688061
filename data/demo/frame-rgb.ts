import { FRAME_SIDE } from './frame.js';

const HALF = FRAME_SIDE / 2;
const PIXELS = FRAME_SIDE * FRAME_SIDE;
/** Bits of the fraction of libswscale's numbers: before the sum of a pixel's chroma and luma, and after it. */
const [SHIFT_IN, SHIFT_OUT] = [10, 22];
/** BT.601 of limited range, as libswscale rounds it (`yuv2rgb.c`), in 1 / 8192. */
const [LUMA, V_TO_R, V_TO_G, U_TO_G, U_TO_B] = [9539, 13075, -6660, -3209, 16525];

/**
 * A frame in planar YUV 4:2:0 (`toYuv`) as RGB24 [H, W, 3]: to the bit what the filters of `filterChain` make of
 * it, so what a decoder gives of a file that lost nothing. Chroma, which lies between four pixels, is interpolated
 * between its two nearest rows and columns, with weights 3/4 and 1/4.
 *
 * Source: libswscale's `yuv2gbrp_full_X_c` behind `hScale8To15_c`, which the flags of the filters choose.
 */
export function toRgb(yuv: Uint8Array): Uint8Array<ArrayBuffer> {
  const u = wideRows(yuv.subarray(PIXELS, PIXELS + HALF * HALF));
  const v = wideRows(yuv.subarray(PIXELS + HALF * HALF));
  const rgb = new Uint8Array(PIXELS * 3);
  for (let y = 0; y < FRAME_SIDE; y++) {
    const { near, far } = neighbours(y);
    const chroma = (plane: Int32Array, x: number): number =>
      ((1 << 9) -
        (128 << 19) +
        at(plane, near * FRAME_SIDE + x) * 3072 +
        at(plane, far * FRAME_SIDE + x) * 1024) >>
      SHIFT_IN;
    for (let x = 0; x < FRAME_SIDE; x++) {
      const pixel = y * FRAME_SIDE + x;
      const [cu, cv] = [chroma(u, x), chroma(v, x)];
      const luma = (at(yuv, pixel) * 512 - 8192) * LUMA + (1 << (SHIFT_OUT - 1));
      rgb[3 * pixel] = toByte(luma + cv * V_TO_R);
      rgb[3 * pixel + 1] = toByte(luma + cv * V_TO_G + cu * U_TO_G);
      rgb[3 * pixel + 2] = toByte(luma + cu * U_TO_B);
    }
  }
  return rgb;
}

/** A plane of chroma [H/2, W/2] with its rows interpolated to [H/2, W], in 1 / 128. */
function wideRows(plane: Uint8Array): Int32Array {
  const wide = new Int32Array(HALF * FRAME_SIDE);
  for (let y = 0; y < HALF; y++) {
    for (let x = 0; x < FRAME_SIDE; x++) {
      const { near, far } = neighbours(x);
      wide[y * FRAME_SIDE + x] = at(plane, y * HALF + near) * 96 + at(plane, y * HALF + far) * 32;
    }
  }
  return wide;
}

/** The two values of chroma that a pixel lies between; at the rim the outermost one is both. */
function neighbours(pixel: number): { readonly near: number; readonly far: number } {
  const near = pixel >> 1;
  const far = near + (pixel & 1 ? 1 : -1);
  return { near, far: Math.min(HALF - 1, Math.max(0, far)) };
}

function toByte(value: number): number {
  if (value < 0) return 0;
  return Math.min(255, Math.floor(value / 2 ** SHIFT_OUT));
}

function at(values: Uint8Array | Int32Array, index: number): number {
  return values[index] as number;
}
