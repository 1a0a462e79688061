import { bitsOf, FINGERPRINT_SIZE, fingerprintOf, LEAST_BITS } from './fingerprint.js';

/** Fingerprints a second, at the times 0, 1/4, 2/4, ... of a video. */
const TRACE_RATE = 4;
/** Fingerprints of one video: of one that is longer than 34 minutes what comes behind is not looked at. */
const MAX_TRACE = 8192;
/** Fingerprints that are kept to be looked up, of all videos. */
const MAX_KEPT = 2 ** 22;
/** Frames that are alike in one part: of more nothing is compared, they show nothing. */
const MAX_ALIKE = 400;
/** Bits that differ of 64 in two frames that may be the same, up to an eighth of a second apart. */
const ALIKE_BITS = 8;
/** Bits that differ on average over all frames that two videos share. */
const MEAN_BITS = 4;
/** Seconds that two videos must share; or all of one that is shorter. */
const LEAST_SECONDS = 2;
/** Frames among them that show something. */
const LEAST_FRAMES = 4;
/** Ways to lay one video on others that are looked at closely. */
const MAX_TRIES = 64;

/** What is seen of a video at equal distances: of each frame 64 bits, as four numbers of 16. */
export type Trace = Uint16Array;

/** What two videos share: seconds of it, and where it begins in each. */
export interface Excerpt {
  readonly first: number;
  readonly second: number;
  readonly seconds: number;
  readonly at: readonly [first: number, second: number];
}

/** Collects the trace of a video whose frames come in order. */
export class TraceBuilder {
  readonly #times: Float64Array;
  readonly #words: number[] = [];

  /** @param times Of each frame in microseconds. */
  constructor(times: Float64Array) {
    this.#times = times;
  }

  /** The next frames, from number `first` on: RGB24 [T, 8, 9, 3]. */
  add(first: number, frames: Uint8Array): void {
    const bytes = FINGERPRINT_SIZE.width * FINGERPRINT_SIZE.height * 3;
    for (let t = 0; t * bytes < frames.length; t++) {
      const until = this.#times[first + t + 1] ?? (this.#times[first + t] ?? 0) + 1;
      const words = fingerprintOf(frames.subarray(t * bytes, (t + 1) * bytes))[0] ?? [];
      // The frame is shown at all of these times.
      while ((this.#words.length / 4) * (1e6 / TRACE_RATE) < until) {
        if (this.#words.length === 4 * MAX_TRACE) return;
        this.#words.push(...words);
      }
    }
  }

  trace(): Trace {
    return Uint16Array.from(this.#words);
  }
}

/**
 * What videos of one list share with those of another: one is cut out of the other, or both are cut out of a
 * third and overlap. Frames of `second` are looked up by those of `first` that are equal in one of their four
 * parts; where so many agree on the time that lies between both, all frames that they share then are
 * compared. A video that is scaled or encoded again is found; one that is cropped, mirrored or slowed is not.
 *
 * @returns Also how many videos of `second` were left out, since there are too many frames.
 */
export function excerptsOf(
  first: readonly (Trace | undefined)[],
  second: readonly (Trace | undefined)[],
): { readonly excerpts: readonly Excerpt[]; readonly leftOut: number } {
  const { places, leftOut } = placesOf(second);
  const excerpts = first.flatMap((own, number) => {
    if (own === undefined) return [];
    const best = new Map<number, Excerpt & { readonly frames: number }>();
    for (const { other, offset } of likely(own, second, places)) {
      const found = shared(own, second[other] ?? new Uint16Array(0), offset);
      if (found === undefined || found.frames <= (best.get(other)?.frames ?? 0)) continue;
      const { from, frames } = found;
      const at = [from / TRACE_RATE, (from + offset) / TRACE_RATE] as const;
      best.set(other, { first: number, second: other, seconds: frames / TRACE_RATE, at, frames });
    }
    return [...best.values()].map(({ frames: _, ...excerpt }) => excerpt);
  });
  return { excerpts, leftOut };
}

/** Where frames lie that have a part in common, by the part. */
type Places = ReadonlyMap<number, readonly { readonly other: number; readonly frame: number }[]>;

function placesOf(traces: readonly (Trace | undefined)[]): {
  readonly places: Places;
  readonly leftOut: number;
} {
  const places = new Map<number, { readonly other: number; readonly frame: number }[]>();
  let [kept, leftOut] = [0, 0];
  for (const [other, trace] of traces.entries()) {
    if (trace === undefined) continue;
    const frames = [...changes(trace)];
    if (kept + frames.length > MAX_KEPT) {
      leftOut++;
      continue;
    }
    kept += frames.length;
    for (const frame of frames) {
      for (let part = 0; part < 4; part++) {
        const key = keyOf(trace, frame, part);
        const alike = places.get(key);
        if (alike === undefined) places.set(key, [{ other, frame }]);
        else if (alike.length <= MAX_ALIKE) alike.push({ other, frame });
      }
    }
  }
  return { places, leftOut };
}

/** The frames that show something, and something else than the one before. */
function* changes(trace: Trace): Generator<number, void> {
  for (let frame = 0; 4 * frame < trace.length; frame++) {
    if (shownBits(trace, frame) < LEAST_BITS) continue;
    if (frame > 0 && distance(trace, frame - 1, trace, frame) === 0) continue;
    yield frame;
  }
}

/** Where a video may lie in others, the likeliest first: frame i of it is frame i + offset of the other. */
function likely(
  own: Trace,
  others: readonly (Trace | undefined)[],
  places: Places,
): readonly { readonly other: number; readonly offset: number }[] {
  const votes = new Map<
    string,
    { readonly other: number; readonly offset: number; count: number }
  >();
  for (const frame of changes(own)) {
    const seen = new Set<string>();
    for (let part = 0; part < 4; part++) {
      const alike = places.get(keyOf(own, frame, part)) ?? [];
      if (alike.length > MAX_ALIKE) continue;
      for (const { other, frame: theirs } of alike) {
        const offset = theirs - frame;
        const key = `${other} ${offset}`;
        if (seen.has(key)) continue;
        seen.add(key);
        if (distance(own, frame, others[other] ?? own, theirs) > ALIKE_BITS) continue;
        const vote = votes.get(key) ?? { other, offset, count: 0 };
        vote.count++;
        votes.set(key, vote);
      }
    }
  }
  return [...votes.values()].sort((a, b) => b.count - a.count).slice(0, MAX_TRIES);
}

/** What two videos share where one is laid on the other so: undefined where it is little, or not the same. */
function shared(
  own: Trace,
  other: Trace,
  offset: number,
): { readonly from: number; readonly frames: number } | undefined {
  const from = Math.max(0, -offset);
  const end = Math.min(own.length / 4, other.length / 4 - offset);
  const least = Math.min(LEAST_SECONDS * TRACE_RATE, own.length / 4, other.length / 4);
  if (end - from < least) return undefined;
  let [bits, frames] = [0, 0];
  for (let frame = from; frame < end; frame++) {
    const shown = Math.max(shownBits(own, frame), shownBits(other, frame + offset));
    if (shown < LEAST_BITS) continue;
    bits += distance(own, frame, other, frame + offset);
    frames++;
  }
  const isShown = frames >= LEAST_FRAMES && 2 * frames >= end - from;
  return isShown && bits <= MEAN_BITS * frames ? { from, frames: end - from } : undefined;
}

function keyOf(trace: Trace, frame: number, part: number): number {
  return part * 2 ** 16 + (trace[4 * frame + part] ?? 0);
}

function shownBits(trace: Trace, frame: number): number {
  let bits = 0;
  for (let part = 0; part < 4; part++) bits += bitsOf(trace[4 * frame + part] ?? 0);
  return bits;
}

function distance(a: Trace, i: number, b: Trace, j: number): number {
  let bits = 0;
  for (let part = 0; part < 4; part++)
    bits += bitsOf((a[4 * i + part] ?? 0) ^ (b[4 * j + part] ?? 0));
  return bits;
}
