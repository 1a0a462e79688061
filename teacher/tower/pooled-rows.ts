import type { TowerFacts } from './tower-config.js';
import type { Fed, Fetched } from './tower-session.js';

/**
 * Each patch of `count` images as a row in place of the pooled one (see `DenseCut.rows`): tokens
 * [count, 1 + P, hidden] without the class token as [count * P, hidden]; or values a head,
 * [count * heads, P, width] or [count, heads, P, width], as [count * P * heads, 1, width] or
 * [count * P, heads, 1, width]. Undefined where the shape is another.
 */
export function pooledRows(
  found: Fetched | undefined,
  count: number,
  patches: number,
  { kind, hidden }: TowerFacts,
): Fed | undefined {
  if (found === undefined) return undefined;
  return kind === 'clip'
    ? withoutClassToken(found, count, patches, hidden)
    : headsLast(found, count, patches, hidden);
}

function withoutClassToken(
  { data: tokens, dims }: Fetched,
  count: number,
  patches: number,
  hidden: number,
): Fed | undefined {
  if (String(dims) !== String([count, 1 + patches, hidden])) return undefined;
  const data = new Float32Array(count * patches * hidden);
  for (let i = 0; i < count; i++) {
    const from = (i * (1 + patches) + 1) * hidden;
    data.set(tokens.subarray(from, from + patches * hidden), i * patches * hidden);
  }
  return { data, dims: [count * patches, hidden] };
}

function headsLast(
  { data: values, dims }: Fetched,
  count: number,
  patches: number,
  hidden: number,
): Fed | undefined {
  const width = dims.at(-1) ?? 0;
  const heads = hidden / width;
  const flat = String(dims) === String([count * heads, patches, width]);
  if (!flat && String(dims) !== String([count, heads, patches, width])) return undefined;
  const data = new Float32Array(values.length);
  for (let row = 0; row < count * heads * patches; row++) {
    const image = Math.floor(row / (heads * patches));
    const head = Math.floor(row / patches) % heads;
    const to = (image * patches + (row % patches)) * heads + head;
    data.set(values.subarray(row * width, (row + 1) * width), to * width);
  }
  const places = count * patches;
  return { data, dims: flat ? [places * heads, 1, width] : [places, heads, 1, width] };
}
