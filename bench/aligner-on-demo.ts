/**
 * Whether the maps of a teacher that Lacuna trained land on the object that a caption names.
 *
 *   npx tsx bench/aligner-on-demo.ts [--seeds 0,1,2] [--steps 300] [--captions object|own]
 *     [--folder <kept folder>] [--data-seed 1]
 *
 * The settings of the preset were chosen on demo data of seed 0, so the default here is another seed.
 *
 * For each seed: an aligner is trained on demo frames (preset demo-aligner), makes dense maps of the
 * 64 held-out clips, and these guide masks over 8 x 8 patches of whole clips. `object` captions name
 * the main object ("a red circle"); with `own` the data's captions are taken, which also name
 * background and motion. Reported over all slots in which the object is seen, by seed and as mean and
 * spread (standard deviation over seeds):
 * - similarity: the mean cosine inside the object's box and outside, patches weighted by area;
 * - visible at 0.6: the share of the box's area that the mask leaves visible, text-guided and tube;
 * - covered at the object's own share: the share of the box's area that is masked when the ratio is
 *   the box's share of the frame, text-guided and tube.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import {
  type ClipRecord,
  centreDenseClip,
  clipSimilarity,
  type DemoData,
  makeDemoData,
  readClipList,
  SimilarityStore,
} from '../data/index.js';
import { parseConfig, resolveSettings } from '../run/index.js';
import { drawMask, type MaskConfig, sampleWord } from '../spec/index.js';
import { makeSimilarityMaps, openRunAligner, similarityRecipe } from '../teacher/index.js';
import { pretrain } from '../training/index.js';
import { jsonLines, withObjectCaptions } from './object-captions.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0,1,2' },
    steps: { type: 'string', default: '300' },
    captions: { type: 'string', default: 'object' },
    folder: { type: 'string' },
    'data-seed': { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
  },
});
const SIDE = 64;
const PLACES = 8;
const PATCH = SIDE / PLACES;
const GRID = { slots: 4, rows: PLACES, columns: PLACES };
const FRAMES = 8;
const STRIDE = 3;
const RATIO = 0.6;

type Box = readonly [x0: number, y0: number, x1: number, y1: number];

/** What is reported; a share in [0, 1] or a cosine. */
interface Scores {
  readonly inside: number;
  readonly outside: number;
  readonly visible: number;
  readonly visibleTube: number;
  readonly covered: number;
  readonly coveredTube: number;
}

/** The list of a split with the captions that were asked for. */
async function withCaptions(data: DemoData, list: string): Promise<string> {
  return values.captions === 'own' ? list : withObjectCaptions(data, list);
}

const open = (): Promise<Backend> => ONNX.open({ threads: Number(values.threads) });

async function trainAligner(data: DemoData, output: string, seed: number): Promise<string> {
  const config = {
    preset: 'demo-aligner',
    data: { list: await withCaptions(data, data.trainList), root: data.folder, workers: 1 },
    output,
    seed,
    schedule: { steps: Number(values.steps) },
    backend: { threads: Number(values.threads) },
  };
  const backend = await open();
  try {
    return (await pretrain(resolveSettings(parseConfig(config)), backend, { version: 'bench' }))
      .folder;
  } finally {
    await backend.dispose();
  }
}

/** Each place's share of its own area that lies in a slot's boxes, averaged over its frames. */
function boxShares(boxes: readonly (Box | null)[], frames: readonly number[]): Float64Array | null {
  const shares = new Float64Array(PLACES * PLACES);
  for (const frame of frames) {
    const box = boxes[frame];
    if (box == null) return null;
    const [x0, y0, x1, y1] = box;
    shares.forEach((_, place) => {
      const [x, y] = [(place % PLACES) * PATCH, Math.floor(place / PLACES) * PATCH];
      const wide = Math.min(x + PATCH, x1) - Math.max(x, x0);
      const tall = Math.min(y + PATCH, y1) - Math.max(y, y0);
      const area = Math.max(0, wide) * Math.max(0, tall);
      shares[place] = (shares[place] as number) + area / (PATCH * PATCH * frames.length);
    });
  }
  return shares;
}

const sum = (list: Iterable<number>): number => [...list].reduce((a, b) => a + b, 0);
const mean = (list: readonly number[]): number => sum(list) / list.length;

/** The scores of one slot of a clip, from its map and its object's place. */
function slotScores(map: Int16Array, slot: number, shares: Float64Array, sample: number): Scores {
  const places = PLACES * PLACES;
  const total = sum(shares);
  const cosines = [...map.subarray(slot * places, (slot + 1) * places)].map((v) => v / 32767);
  const masked = (config: MaskConfig): number => {
    const guide = config.kind === 'text-guided' ? map : undefined;
    const mask = drawMask(config, GRID, { seed: 0, epoch: 0, sample }, guide);
    const here = mask.masked.filter((n) => Math.floor(n / places) === slot);
    return sum([...here].map((n) => shares[n % places] as number)) / total;
  };
  const own = { ratio: total / places, rounding: 'nearest-masked-at-least-one' } as const;
  return {
    inside: sum(cosines.map((c, n) => c * (shares[n] as number))) / total,
    outside: sum(cosines.map((c, n) => c * (1 - (shares[n] as number)))) / (places - total),
    visible: 1 - masked({ kind: 'text-guided', ratio: RATIO }),
    visibleTube: 1 - masked({ kind: 'tube', ratio: RATIO }),
    covered: masked({ kind: 'text-guided', ...own }),
    coveredTube: masked({ kind: 'tube', ...own }),
  };
}

function average(all: readonly Scores[]): Scores {
  const of = (key: keyof Scores): number => mean(all.map((scores) => scores[key]));
  return {
    inside: of('inside'),
    outside: of('outside'),
    visible: of('visible'),
    visibleTube: of('visibleTube'),
    covered: of('covered'),
    coveredTube: of('coveredTube'),
  };
}

async function measure(data: DemoData, run: string, maps: string): Promise<Scores> {
  const list = await withCaptions(data, data.testList);
  const { records } = await readClipList(list, () => {});
  const aligner = await openRunAligner(run, open);
  const recipe = similarityRecipe(aligner, { form: 'dense', stride: 1 });
  const store = await SimilarityStore.create(maps, recipe);
  try {
    const { images, seconds } = await makeSimilarityMaps({
      records,
      root: data.folder,
      aligner,
      store,
    });
    console.log(
      `  maps: ${images} frames of ${records.length} clips, ${(images / seconds).toFixed(0)} frames/s`,
    );
  } finally {
    await aligner.dispose();
  }
  const boxes = await jsonLines<{ video: string; boxes: (Box | null)[] }>(data.boxList);
  const boxesOf = new Map(boxes.map((line) => [line.video, line.boxes]));
  const scores: Scores[] = [];
  for (const record of records) {
    scores.push(...(await clipScores(store, record, boxesOf.get(record.video) ?? [])));
  }
  return average(scores);
}

async function clipScores(
  store: SimilarityStore,
  { id, video, captions }: ClipRecord,
  boxes: readonly (Box | null)[],
): Promise<Scores[]> {
  const entry = await store.read(video);
  if (entry === undefined) throw new Error(`no maps of ${video}`);
  const clip = { frameCount: entry.frameCount, frames: FRAMES, stride: STRIDE };
  const frameIndices = centreDenseClip(clip);
  const crop = { x: 0, y: 0, width: SIDE, height: SIDE };
  const map = clipSimilarity(entry, captions[0] ?? '', { frameIndices, crop, flip: false }, GRID);
  const frames = FRAMES / GRID.slots;
  return Array.from({ length: GRID.slots }, (_, slot) => {
    const shares = boxShares(boxes, frameIndices.slice(slot * frames, (slot + 1) * frames));
    return shares === null ? [] : [slotScores(map, slot, shares, sampleWord(id))];
  }).flat();
}

function show(name: string, of: (scores: Scores) => number, all: readonly Scores[]): void {
  const numbers = all.map(of);
  const centre = mean(numbers);
  const spread = Math.sqrt(
    sum(numbers.map((x) => (x - centre) ** 2)) / Math.max(1, numbers.length - 1),
  );
  console.log(
    `${name.padEnd(46)} ${numbers.map((x) => x.toFixed(3)).join('  ')}   mean ${centre.toFixed(3)} spread ${spread.toFixed(3)}`,
  );
}

const folder = values.folder ?? (await mkdtemp(join(tmpdir(), 'lacuna-aligner-')));
try {
  const data = await makeDemoData(join(folder, 'data'), { seed: Number(values['data-seed']) });
  const all: Scores[] = [];
  for (const seed of values.seeds.split(',').map(Number)) {
    const begin = performance.now();
    const run = await trainAligner(data, join(folder, `run-${values.captions}-${seed}`), seed);
    console.log(
      `seed ${seed}: ${values.steps} steps in ${((performance.now() - begin) / 1000).toFixed(0)} s`,
    );
    all.push(await measure(data, run, join(folder, `maps-${values.captions}-${seed}`)));
  }
  show('similarity inside the box', (s) => s.inside, all);
  show('similarity outside', (s) => s.outside, all);
  show('visible of the object at 0.6, text-guided', (s) => s.visible, all);
  show('visible of the object at 0.6, tube', (s) => s.visibleTube, all);
  show('text-guided / tube (at most 0.5)', (s) => s.visible / s.visibleTube, all);
  show("covered at the object's share, text-guided", (s) => s.covered, all);
  show("covered at the object's share, tube", (s) => s.coveredTube, all);
  show('text-guided / tube (at least 2)', (s) => s.covered / s.coveredTube, all);
} finally {
  if (values.folder === undefined) await rm(folder, { recursive: true, force: true });
}
