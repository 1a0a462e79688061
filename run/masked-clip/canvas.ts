/** A picture in RGB, row by row. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;

  constructor(width: number, height: number, grey = 255) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height * 3).fill(grey);
  }

  /** Puts a square picture of `size` in RGB at (left, top), each pixel enlarged to factor x factor. */
  place(pixels: Uint8Array, size: number, left: number, top: number, factor = 1): void {
    for (let y = 0; y < size * factor; y++) {
      for (let x = 0; x < size * factor; x++) {
        const from = (Math.floor(y / factor) * size + Math.floor(x / factor)) * 3;
        const to = ((top + y) * this.width + left + x) * 3;
        this.data.set(pixels.subarray(from, from + 3), to);
      }
    }
  }

  /** Planar YUV 4:2:0, limited range, BT.601; width and height must be even. */
  toYuv(): Uint8Array {
    const { width, height, data } = this;
    const out = new Uint8Array((width * height * 3) / 2);
    const chroma = width * height;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = (y * width + x) * 3;
        const [r = 0, g = 0, b = 0] = data.subarray(at, at + 3);
        out[y * width + x] = (66 * r + 129 * g + 25 * b + 4224) >> 8;
        if (x % 2 === 1 || y % 2 === 1) continue;
        const place = chroma + (y / 2) * (width / 2) + x / 2;
        out[place] = (-38 * r - 74 * g + 112 * b + 32896) >> 8;
        out[place + chroma / 4] = (112 * r - 94 * g - 18 * b + 32896) >> 8;
      }
    }
    return out;
  }
}
