import { LacunaError } from '../errors.js';
import { normalOfWord } from './normal.js';
import { type RandomStream, uniformOfWord } from './stream.js';

/** Small enough to stay in a core's first cache. */
const CHUNK = 2048;

/**
 * out[i] = fround(low + (high - low) * u_i) with u_i the stream's next `uniform` draws; one word an
 * element. As float32 rounds, `high` itself can occur.
 */
export function fillUniform(
  stream: RandomStream,
  out: Float32Array,
  low: number,
  high: number,
): void {
  requireFinite('low', low);
  requireFinite('high', high);
  const width = high - low;
  const words = new Uint32Array(Math.min(CHUNK, out.length));
  for (let start = 0; start < out.length; start += CHUNK) {
    const count = Math.min(CHUNK, out.length - start);
    stream.words(words.subarray(0, count));
    for (let i = 0; i < count; i++) {
      out[start + i] = low + width * uniformOfWord(words[i] as number);
    }
  }
}

/** out[i] = the stream's next `normal(std)` draws: mean 0, one word an element. */
export function fillNormal(stream: RandomStream, out: Float32Array, std: number): void {
  requireFinite('std', std);
  const words = new Uint32Array(Math.min(CHUNK, out.length));
  for (let start = 0; start < out.length; start += CHUNK) {
    const count = Math.min(CHUNK, out.length - start);
    stream.words(words.subarray(0, count));
    for (let i = 0; i < count; i++) out[start + i] = std * normalOfWord(words[i] as number);
  }
}

/**
 * out[i] = fround(std * z) with z the next standard normal values whose |z| <= cut; values beyond
 * are drawn again, so that the number of words used varies. `cut` counts standard deviations:
 * VideoMAE's mask token has cut 1. An absolute cut at 2, as PyTorch's default has, is no cut at all
 * for std 0.02: use `fillNormal`.
 */
export function fillTruncatedNormal(
  stream: RandomStream,
  out: Float32Array,
  std: number,
  cut: number,
): void {
  requireFinite('std', std);
  if (!(cut >= 0.1)) {
    throw new LacunaError({
      what: 'the cut of a truncated normal draw is too small',
      got: String(cut),
      expected: 'at least 0.1 standard deviations',
    });
  }
  for (let i = 0; i < out.length; i++) {
    let z = normalOfWord(stream.word());
    while (z < -cut || z > cut) z = normalOfWord(stream.word());
    out[i] = std * z;
  }
}

function requireFinite(name: string, value: number): void {
  if (Number.isFinite(value)) return;
  throw new LacunaError({
    what: `the ${name} of a random fill is not finite`,
    got: String(value),
    expected: 'a finite number',
  });
}
