import type { HostTensor, Named } from '../../../core/backend.js';
import type { FunctionAttributes } from '../../../protocol/function-call.js';
import { integers } from '../../functions/exact.js';
import { at } from './scalars.js';

type Words = readonly [bigint, bigint, bigint, bigint];
const WORD = 2n ** 32n;
const high = (x: bigint): bigint => x / WORD;
const low = (x: bigint): bigint => x % WORD;

export function philox({ counter, key }: Named<HostTensor>): Named<HostTensor> {
  const word = (tensor: HostTensor | undefined, i: number): bigint =>
    BigInt.asUintN(32, BigInt(tensor?.data[i] ?? 0));
  const count = counter?.shape[0] ?? 0;
  const words = Array.from({ length: count }, (_, n) =>
    rounds(
      [
        word(counter, 4 * n),
        word(counter, 4 * n + 1),
        word(counter, 4 * n + 2),
        word(counter, 4 * n + 3),
      ],
      word(key, 2 * n),
      word(key, 2 * n + 1),
    ),
  ).flat();
  return {
    words: integers(
      words.map((x) => Number(BigInt.asIntN(32, x))),
      [count, 4],
    ),
  };
}

function rounds(start: Words, key0: bigint, key1: bigint): Words {
  let [c0, c1, c2, c3] = start;
  let [k0, k1] = [key0, key1];
  for (let round = 0; round < 10; round++) {
    [c0, c1, c2, c3] = [
      high(0xcd9e8d57n * c2) ^ c1 ^ k0,
      low(0xcd9e8d57n * c2),
      high(0xd2511f53n * c0) ^ c3 ^ k1,
      low(0xd2511f53n * c0),
    ];
    [k0, k1] = [low(k0 + 0x9e3779b9n), low(k1 + 0xbb67ae85n)];
  }
  return [c0, c1, c2, c3];
}

/** The words of a stream, one after the other, at the address of the attributes. */
export function wordsOf(stream: bigint, attributes: FunctionAttributes): () => bigint {
  const [seed, replicate, epoch, sample] = ['seed', 'replicate', 'epoch', 'sample'].map((name) =>
    BigInt(Number(attributes[name] ?? 0)),
  ) as [bigint, bigint, bigint, bigint];
  const words: bigint[] = [];
  let block = 0n;
  return () => {
    if (words.length === 0) {
      const counter: Words = [block++, stream * 2n ** 16n + replicate, epoch, sample];
      words.push(...rounds(counter, seed % WORD, seed / WORD));
    }
    return words.shift() as bigint;
  };
}

/** integer(n) by the words of a stream. */
export function integersOf(
  stream: bigint,
  attributes: FunctionAttributes,
): (count: number) => number {
  return integersOfWords(wordsOf(stream, attributes));
}

/** integer(n) by the next of some words. */
export function integersOfWords(next: () => bigint): (count: number) => number {
  return (count) => {
    const N = BigInt(count);
    let w = next();
    while ((w * N) % WORD < (WORD - N) % N) w = next();
    return Number((w * N) / WORD);
  };
}

/** The first `count` of items 0 ... n - 1 after so many swaps. */
export function first(n: number, count: number, integer: (count: number) => number): Set<number> {
  const items = Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + integer(n - i);
    [items[i], items[j]] = [at(items, j), at(items, i)];
  }
  return new Set(items.slice(0, count));
}

export function tube(attributes: FunctionAttributes): Named<HostTensor> {
  const [S, R, C] = grid(attributes);
  const n = R * C;
  const m = maskedPlaces(n, attributes);
  const visible = first(n, n - m, integersOf(6n, attributes));
  return split(S, n, (_, place) => !visible.has(place));
}

export function randomPerSlot(attributes: FunctionAttributes): Named<HostTensor> {
  const [S, R, C] = grid(attributes);
  const n = R * C;
  const m = maskedPlaces(n, attributes);
  const integer = integersOf(6n, attributes);
  const visible = Array.from({ length: S }, () => first(n, n - m, integer));
  return split(S, n, (slot, place) => !at(visible, slot).has(place));
}

export function maskedText(
  { ids, special, continues }: Named<HostTensor>,
  attributes: FunctionAttributes,
): Named<HostTensor> {
  const { mode, unit, mask, pad } = attributes;
  const given = Array.from(ids?.data ?? []);
  const never = new Set([Number(pad), ...(special?.data ?? [])]);
  const canBe = given.map((id) => !never.has(id));
  const units: number[][] = [];
  for (const [i, can] of canBe.entries()) {
    if (!can) continue;
    const goesOn = unit === 'word' && continues?.data[i] === 1 && canBe[i - 1] === true;
    if (goesOn) units.at(-1)?.push(i);
    else units.push([i]);
  }
  const n = units.length;
  const count = n === 0 ? 0 : Math.min(maskedPlaces(n, attributes), n - 1);
  const chosen = first(n, count, integersOf(7n, attributes));
  const masked = units.filter((_, i) => chosen.has(i)).flat();
  const hidden = new Set(masked);
  const left = given.filter((_, i) => !hidden.has(i));
  return {
    ids: integers(
      mode === 'drop'
        ? [...left, ...masked.map(() => Number(pad))]
        : given.map((id, i) => (hidden.has(i) ? Number(mask) : id)),
    ),
    masked: integers(masked),
  };
}

export function start(attributes: FunctionAttributes): Named<HostTensor> {
  const [inputs, outputs, count] = ['inputs', 'outputs', 'count'].map((name) =>
    Number(attributes[name]),
  ) as [number, number, number];
  const next = wordsOf(0n, attributes);
  const bound =
    attributes.start === 'fan-in' ? 1 / Math.sqrt(inputs) : Math.sqrt(6 / (inputs + outputs));
  const numbers = Float32Array.from({ length: count }, () => {
    const u = Math.floor(Number(next()) / 2 ** 8) / 2 ** 24;
    return -bound + 2 * bound * u;
  });
  return { bits: integers(new Int32Array(numbers.buffer)) };
}

export function topk(
  { map }: Named<HostTensor>,
  attributes: FunctionAttributes,
): Named<HostTensor> {
  const [S, R, C] = grid(attributes);
  const n = R * C;
  const m = maskedPlaces(n, attributes);
  const masked = Array.from({ length: S }, (_, slot) => {
    const value = (place: number): number => map?.data[slot * n + place] ?? 0;
    const places = Array.from({ length: n }, (_unused, place) => place);
    places.sort((a, b) => value(b) - value(a) || a - b);
    return new Set(places.slice(0, m));
  });
  return split(S, n, (slot, place) => at(masked, slot).has(place));
}

export function grid({ slots, rows, columns }: FunctionAttributes): [number, number, number] {
  return [Number(slots), Number(rows), Number(columns)];
}

export function maskedPlaces(n: number, { ratio: given, rounding }: FunctionAttributes): number {
  const ratio = Number(given);
  if (ratio === 0) return 0;
  if (rounding === 'floor-masked') return Math.floor(ratio * n);
  if (rounding === 'nearest-masked-at-least-one') return Math.max(1, nearest(ratio * n));
  const visible = Math.floor(n * (1 - ratio));
  return n - (rounding === 'floor-visible-at-least-one' ? Math.max(visible, 1) : visible);
}

export function split(
  slots: number,
  n: number,
  isMasked: (slot: number, place: number) => boolean,
): Named<HostTensor> {
  const [visible, masked]: [number[], number[]] = [[], []];
  for (let slot = 0; slot < slots; slot++) {
    for (let place = 0; place < n; place++) {
      (isMasked(slot, place) ? masked : visible).push(slot * n + place);
    }
  }
  return {
    visible: integers(visible),
    masked: integers(masked),
    counts: integers([visible.length, masked.length]),
  };
}

/** Halves go to the even one. */
function nearest(x: number): number {
  const [low, rest] = [Math.floor(x), x - Math.floor(x)];
  if (rest === 0.5) return low + (low % 2);
  return rest < 0.5 ? low : low + 1;
}
