/**
 * How long a search in 100,000 clips takes, beside the memory of the index: vectors drawn at random,
 * of length 1, each a video of one segment. What is found is held to a search in float64 that sorts all.
 *
 *     npx tsx bench/search.ts [videos] [width]      100,000 of 256
 */
import { type IndexedVideo, searchIndex } from '../evaluation/index.js';

const [videoCount = 100_000, width = 256] = process.argv.slice(2).map(Number);
const TOP = 10;
const SEARCHES = 101;

function unitRows(count: number): Float32Array {
  const rows = new Float32Array(count * width);
  for (let row = 0; row < count; row++) {
    const own = rows.subarray(row * width, (row + 1) * width);
    for (let i = 0; i < width; i++) own[i] = Math.random() - 0.5;
    const length = Math.hypot(...own);
    for (let i = 0; i < width; i++) own[i] = (own[i] as number) / length;
  }
  return rows;
}

const videos = Array.from(
  { length: videoCount },
  (_, i): IndexedVideo => ({
    path: `${i}.mp4`,
    size: 1,
    mtimeMs: 0,
    ctimeMs: 0,
    digest: i.toString(16).padStart(64, '0'),
    frames: 250,
    segments: 1,
  }),
);
const vectors = unitRows(videoCount);
const queries = unitRows(SEARCHES);
const times: number[] = [];
const busy: number[] = [];
let wrong = 0;
for (let s = 0; s < SEARCHES; s++) {
  const query = queries.subarray(s * width, (s + 1) * width);
  const before = process.cpuUsage();
  const begin = performance.now();
  const hits = searchIndex({ videos, vectors, width }, query, TOP);
  times.push(performance.now() - begin);
  const { user, system } = process.cpuUsage(before);
  busy.push((user + system) / 1000);
  if (s % 10 !== 0) continue;
  const products = videos.map((_, row) => {
    let sum = 0;
    for (let i = 0; i < width; i++)
      sum += (vectors[row * width + i] as number) * (query[i] as number);
    return sum;
  });
  const order = products
    .map((_, row) => row)
    .sort((a, b) => (products[b] as number) - (products[a] as number));
  if (hits.some(({ index }, place) => index !== order[place])) wrong += 1;
}
times.sort((a, b) => a - b);
busy.sort((a, b) => a - b);
const cpu = (busy[(SEARCHES - 1) / 2] as number).toFixed(1);
const at = (share: number): string =>
  (times[Math.floor(share * (SEARCHES - 1))] as number).toFixed(1);
console.log(
  `${videoCount} vectors of ${width}: median ${at(0.5)} ms, 90 % within ${at(0.9)} ms, longest ${at(1)} ms, median of CPU ${cpu} ms, of ${SEARCHES} searches; ${wrong} of 11 found other than sorting all finds; vectors ${(vectors.byteLength / 2 ** 20).toFixed(0)} MiB, process ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB.`,
);
if (wrong > 0) process.exitCode = 1;
