import { z } from 'zod';
import { LacunaError } from '../../spec/index.js';
import { PRECISIONS } from '../backend.js';

/** Reports come from strangers: no text, list or number in one is longer than this schema says. */
const text = z.string().max(300);
const positive = z.number().positive().max(1e15);
const count = z
  .number()
  .int()
  .positive()
  .max(2 ** 40);
const extent = z.number().int().positive().max(1_000_000);

const product = z.object({
  /** Rows, inner dimension, columns. */
  shape: z.tuple([extent, extent, extent]),
  milliseconds: positive,
});
const copy = z.object({
  /** Of 2^20 bytes, read once and written once. */
  megabytes: extent,
  milliseconds: positive,
});
const step = z.object({
  size: z.string().max(40),
  batch: extent,
  gflop: positive,
  /** Steps that counted. */
  steps: extent,
  /** The mean of them. */
  milliseconds: positive,
  compileSeconds: z.number().min(0).max(1e6),
});
const SCHEMA = z.object({
  format: z.literal('lacuna-adapter/1'),
  /** The browser and its version, or the runtime that has WebGPU. */
  browser: text,
  adapter: z.object({
    description: text,
    isSoftware: z.boolean(),
    features: z.array(z.string().max(100)).max(200),
    limits: z.object({
      storageBuffers: count,
      bindingBytes: count,
      workgroups: count,
      invocations: count,
      workgroupBytes: count,
    }),
  }),
  /** The smallest step of the clock that times were taken by. */
  clockMilliseconds: positive,
  results: z
    .array(
      z.object({
        precision: z.enum(PRECISIONS),
        /** How products hold their operands, and how they are cut up. */
        factors: text,
        tiling: text,
        products: z.array(product).max(50),
        copies: z.array(copy).max(50),
        steps: z.array(step).max(20),
      }),
    )
    .max(PRECISIONS.length),
  /** Ways to cut products up, the fastest first; empty where none were tried. */
  tilings: z.array(z.object({ tiling: text, gflopsPerSecond: positive })).max(200),
});

/** What was measured of an adapter by the page Measure. Rates follow from it: see `adapter-table.ts`. */
export type AdapterReport = z.infer<typeof SCHEMA>;
export type AdapterResult = AdapterReport['results'][number];

/** No report is longer. */
export const MAX_ADAPTER_REPORT: number = 2 ** 18;

/** @throws LacunaError where the text is no report of an adapter, with the place in it. */
export function readAdapterReport(source: string, where: string): AdapterReport {
  const expected = 'measure.json as the page Measure gives it';
  if (source.length > MAX_ADAPTER_REPORT) {
    const got = `${source.length} characters`;
    throw new LacunaError({ where, what: 'the file is too long for a report', got, expected });
  }
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (cause) {
    throw new LacunaError({ where, what: 'the file is no JSON', expected }, { cause });
  }
  const parsed = SCHEMA.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const got = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`.slice(0, 300);
  throw new LacunaError({ where, what: 'the file is no report of an adapter', got, expected });
}
