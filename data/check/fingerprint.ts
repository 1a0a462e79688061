/** Frames of a video that its fingerprint is of: the middles of so many equal parts. */
export const FINGERPRINT_FRAMES = 8;
/** The size to which a frame is scaled. */
export const FINGERPRINT_SIZE: { readonly width: number; readonly height: number } = {
  width: 9,
  height: 8,
};
/** Luma levels by which neighbours must differ to count: noise and blocks of a codec stay below. */
const STEP = 2;
/** Bits that differ of 64, on average over the frames, in copies of one video. */
const NEAR_BITS = 3;
/** Set bits of a frame that shows something; in black ones nothing is told apart. */
export const LEAST_BITS = 6;
/** Videos with one part of one frame alike: of more nothing is compared, they show nothing. */
const MAX_ALIKE = 200;

/** Of each frame 64 bits, as four numbers of 16: whether a place is brighter than the one right of it. */
export type Fingerprint = readonly (readonly number[])[];

/** The difference hash (Krawetz, 2013) of frames of 9 x 8 pixels, RGB24 [T, 8, 9, 3]. */
export function fingerprintOf(frames: Uint8Array): Fingerprint {
  const { width, height } = FINGERPRINT_SIZE;
  const count = frames.length / (width * height * 3);
  return Array.from({ length: count }, (_, t) => {
    const words = [0, 0, 0, 0];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width - 1; x++) {
        const at = ((t * height + y) * width + x) * 3;
        if (luma(frames, at) <= luma(frames, at + 3) + STEP) continue;
        const word = y >> 1;
        words[word] = (words[word] ?? 0) | (1 << ((y & 1) * 8 + x));
      }
    }
    return words;
  });
}

function luma(frames: Uint8Array, at: number): number {
  const [red = 0, green = 0, blue = 0] = [frames[at], frames[at + 1], frames[at + 2]];
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/** Two videos that show the same, by their places. */
export type Pair = readonly [first: number, second: number];

/**
 * The pairs of videos whose frames differ in at most 3 of 64 bits, on average. Of such a pair one frame
 * differs in 3 bits or fewer, so that one of its four parts is equal: only those are compared.
 */
export function nearPairs(fingerprints: readonly (Fingerprint | undefined)[]): readonly Pair[] {
  const alike = new Map<string, number[]>();
  const seen = new Set<string>();
  const pairs: Pair[] = [];
  for (const [second, own] of fingerprints.entries()) {
    for (const [t, words] of (own ?? []).entries()) {
      if (words.reduce((sum, word) => sum + bitsOf(word), 0) < LEAST_BITS) continue;
      for (const [part, word] of words.entries()) {
        const key = `${t} ${part} ${word}`;
        const others = alike.get(key) ?? [];
        if (others.length > MAX_ALIKE) continue;
        for (const first of others) {
          const pair = `${first} ${second}`;
          if (first === second || seen.has(pair)) continue;
          seen.add(pair);
          if (isNear(fingerprints[first] ?? [], own ?? [])) pairs.push([first, second]);
        }
        others.push(second);
        alike.set(key, others);
      }
    }
  }
  return pairs;
}

/** Whether frames that show something differ in few bits. */
function isNear(a: Fingerprint, b: Fingerprint): boolean {
  if (a.length !== b.length) return false;
  let [distance, frames] = [0, 0];
  for (const [t, words] of a.entries()) {
    const others = b[t] ?? [];
    const shown = Math.max(total(words), total(others));
    if (shown < LEAST_BITS) continue;
    distance += words.reduce((sum, word, i) => sum + bitsOf(word ^ (others[i] ?? 0)), 0);
    frames += 1;
  }
  return 2 * frames >= a.length && distance <= NEAR_BITS * frames;
}

function total(words: readonly number[]): number {
  return words.reduce((sum, word) => sum + bitsOf(word), 0);
}

/** Set bits of a word. */
export function bitsOf(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
