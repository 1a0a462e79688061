/** One brightness picture, row by row. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The luma of RGB24 frames [T, H, W, 3], a plane a frame: (77 R + 150 G + 29 B + 128) >> 8 (BT.601). */
export function lumaPlanes(video: Uint8Array, width: number, height: number): readonly Plane[] {
  const pixels = width * height;
  return Array.from({ length: Math.floor(video.length / (3 * pixels)) }, (_, t) => {
    const data = new Uint8Array(pixels);
    for (let i = 0, at = t * pixels * 3; i < pixels; i++, at += 3) {
      const red = video[at] as number;
      const green = video[at + 1] as number;
      const blue = video[at + 2] as number;
      data[i] = (77 * red + 150 * green + 29 * blue + 128) >> 8;
    }
    return { width, height, data };
  });
}

/** A plane and its halvings, the finest first: a pixel is the mean of 2 x 2, halves upwards. */
export function pyramid(plane: Plane, levels: number): readonly Plane[] {
  const planes = [plane];
  while (planes.length < levels) planes.push(halved(planes.at(-1) as Plane));
  return planes;
}

function halved({ width, height, data }: Plane): Plane {
  const half = { width: width >> 1, height: height >> 1 };
  const out = new Uint8Array(half.width * half.height);
  for (let y = 0, to = 0; y < half.height; y++) {
    for (let x = 0, at = 2 * y * width; x < half.width; x++, at += 2) {
      const above = (data[at] as number) + (data[at + 1] as number);
      const below = (data[at + width] as number) + (data[at + width + 1] as number);
      out[to++] = (above + below + 2) >> 2;
    }
  }
  return { ...half, data: out };
}
