/**
 * What scatter_add costs on ONNX Runtime's CPU, by the operator that the backend lowers it to and by two
 * that it does not: ScatterND, whose threads lose updates of one row, and a product with one-hot rows, in
 * which one infinity makes a whole column NaN.
 *
 *   npx tsx bench/scatter-add.ts [--threads 2] [--runs 60]
 *
 * Every update is 1, so that each sum is exact. Prints one line of JSON for each size and way: the least and
 * the median milliseconds, and how many of the runs had a wrong sum.
 */
import { parseArgs } from 'node:util';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { addStop, runInPlace } from '../backends/onnx/session/run-in-place.js';
import { GraphWriter } from '../formats/onnx/graph-writer.js';
import { loadOnnxRuntime, type OnnxRuntime } from '../formats/onnx/runtime.js';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    runs: { type: 'string', default: '60' },
  },
});

/** `count` updates of `width` into each of `batch` tables of `size` rows. */
interface Size {
  readonly what: string;
  readonly batch: number;
  readonly count: number;
  readonly width: number;
  readonly size: number;
  readonly rowOf: (update: number) => number;
}

const spread = (size: number) => (update: number) => (update * 7919) % size;

const SIZES: readonly Size[] = [
  {
    what: 'places of ViT-B, 8 clips',
    ...{ batch: 1, count: 1256, width: 768, size: 196, rowOf: (update) => update % 196 },
  },
  {
    what: 'rows of few',
    ...{ batch: 1, count: 1024, width: 768, size: 4, rowOf: (update) => update % 4 },
  },
  {
    what: 'visible tokens, 8 clips',
    ...{ batch: 8, count: 160, width: 768, size: 1568, rowOf: spread(1568) },
  },
  {
    what: 'hidden tokens, 8 clips',
    ...{ batch: 8, count: 1408, width: 384, size: 1568, rowOf: spread(1568) },
  },
  {
    what: "words of CLIP's table, half of them padding",
    ...{ batch: 1, count: 2464, width: 512, size: 49_408 },
    rowOf: (update) => (update % 2 === 0 ? 0 : spread(49_408)(update)),
  },
];

type Way = (graph: GraphWriter, size: Size) => string;

function zeros(graph: GraphWriter, shape: readonly number[]): string {
  return graph.node('Expand', [graph.scalar('f32', 0), graph.integers(shape)]);
}

const WAYS: Readonly<Record<string, Way>> = {
  ScatterElements: (graph, { batch, count, width, size }) => {
    const column = graph.node('Reshape', ['indices', graph.integers([batch, count, 1])]);
    const rows = graph.node('Expand', [column, graph.integers([batch, count, width])]);
    const operands = [zeros(graph, [batch, size, width]), rows, 'updates'];
    return graph.node('ScatterElements', operands, { axis: 1, reduction: 'add' });
  },
  ScatterND: (graph, { batch, count, width, size }) => {
    const starts = Array.from({ length: batch }, (_, i) => i * size);
    const wide = graph.node('Cast', ['indices'], { to: 7 });
    const flat = graph.node('Add', [wide, graph.literal('i64', [batch, 1], starts)]);
    const rows = graph.node('Reshape', [flat, graph.integers([batch * count, 1])]);
    const added = graph.node('Reshape', ['updates', graph.integers([batch * count, width])]);
    const operands = [zeros(graph, [batch * size, width]), rows, added];
    return graph.node('ScatterND', operands, { reduction: 'add' });
  },
  oneHotProduct: (graph, { batch, count, size }) => {
    const ends = [0, size, 1].map((end) => graph.scalar('i32', end));
    const numbers = graph.node('Range', ends);
    const row = graph.node('Reshape', [numbers, graph.integers([1, size, 1])]);
    const index = graph.node('Reshape', ['indices', graph.integers([batch, 1, count])]);
    const hot = graph.node('Cast', [graph.node('Equal', [row, index])], { to: 1 });
    return graph.node('MatMul', [hot, 'updates']);
  },
};

async function session(
  runtime: OnnxRuntime,
  way: Way,
  { batch, count, width, size, ...rest }: Size,
): Promise<InferenceSession> {
  const graph = new GraphWriter('scatter');
  graph.input('indices', { dtype: 'i32', shape: [batch, count] });
  graph.input('updates', { dtype: 'f32', shape: [batch, count, width] });
  const sums = way(graph, { batch, count, width, size, ...rest });
  const shape = graph.integers([batch, size, width]);
  graph.node('Reshape', [sums, shape], {}, { outputs: ['result'] });
  graph.output('result', { dtype: 'f32', shape: [batch, size, width] });
  addStop(graph);
  return runtime.InferenceSession.create(graph.encode(), {
    intraOpNumThreads: Number(values.threads),
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  });
}

async function measure(runtime: OnnxRuntime, name: string, way: Way, each: Size): Promise<void> {
  const { batch, count, width, size } = each;
  const at = Int32Array.from({ length: batch * count }, (_, i) => each.rowOf(i % count));
  const expected = new Float64Array(batch * size);
  at.forEach((row, i) => {
    const place = Math.floor(i / count) * size + row;
    expected[place] = (expected[place] ?? 0) + 1;
  });
  const ones = new Float32Array(batch * count * width).fill(1);
  const result = new Float32Array(batch * size * width);
  const feeds: Record<string, Tensor> = {
    indices: new runtime.Tensor('int32', at, [batch, count]) as Tensor,
    updates: new runtime.Tensor('float32', ones, [batch, count, width]) as Tensor,
  };
  const fetches = { result: new runtime.Tensor('float32', result, [batch, size, width]) as Tensor };
  const running = await session(runtime, way, each);
  const times: number[] = [];
  let wrong = 0;
  for (let run = 0; run < Number(values.runs); run++) {
    const start = performance.now();
    await runInPlace(running, feeds, fetches);
    times.push(performance.now() - start);
    if (result.some((sum, i) => sum !== expected[Math.floor(i / width)])) wrong += 1;
  }
  await running.release();
  times.sort((a, b) => a - b);
  const [least = 0, median = 0] = [times[0], times[times.length >> 1]];
  const shape = `[${batch} ${count} ${width}] into [${batch} ${size}]`;
  const milliseconds = { least: +least.toFixed(2), median: +median.toFixed(2) };
  console.log(JSON.stringify({ what: each.what, shape, way: name, ...milliseconds, wrong }));
}

const runtime = await loadOnnxRuntime('onnx');
for (const each of SIZES) {
  for (const [name, way] of Object.entries(WAYS)) {
    // The one-hot rows of CLIP's table alone would be 487 MB.
    if (name === 'oneHotProduct' && each.count * each.size > 1e7) continue;
    await measure(runtime, name, way, each);
  }
}
