import { z } from 'zod';
import { LacunaError } from '../../spec/index.js';
import { PRECISIONS, type Precision } from '../backend.js';

/** What was measured of an adapter by the page Measure. Rates follow from it: see `adapter-table.ts`. */
export interface AdapterReport {
  format: 'lacuna-adapter/1';
  /** The browser and its version, or the runtime that has WebGPU. */
  browser: string;
  adapter: {
    description: string;
    isSoftware: boolean;
    features: string[];
    limits: {
      storageBuffers: number;
      bindingBytes: number;
      workgroups: number;
      invocations: number;
      workgroupBytes: number;
    };
  };
  /** The smallest step of the clock that times were taken by. */
  clockMilliseconds: number;
  results: AdapterResult[];
  /** Ways to cut products up, the fastest first; empty where none were tried. */
  tilings: { tiling: string; gflopsPerSecond: number }[];
}

/** What was measured in one precision. */
export interface AdapterResult {
  precision: Precision;
  /** How products hold their operands, and how they are cut up. */
  factors: string;
  tiling: string;
  /** Shapes are rows, inner dimension, columns. */
  products: { shape: [number, number, number]; milliseconds: number }[];
  /** Of so many 2^20 bytes, read once and written once. */
  copies: { megabytes: number; milliseconds: number }[];
  steps: AdapterStep[];
}

export interface AdapterStep {
  /** A name of `PROBLEMS`. */
  size: string;
  batch: number;
  /** Of the matrix products of a step, forward and backward. */
  gflop: number;
  /** Steps that counted. */
  steps: number;
  /** The mean of them. */
  milliseconds: number;
  compileSeconds: number;
}

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
  shape: z.tuple([extent, extent, extent]),
  milliseconds: positive,
});
const copy = z.object({
  megabytes: extent,
  milliseconds: positive,
});
const step = z.object({
  size: z.string().max(40),
  batch: extent,
  gflop: positive,
  steps: extent,
  milliseconds: positive,
  compileSeconds: z.number().min(0).max(1e6),
});
const SCHEMA = z.object({
  format: z.literal('lacuna-adapter/1'),
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
  clockMilliseconds: positive,
  results: z
    .array(
      z.object({
        precision: z.enum(PRECISIONS),
        factors: text,
        tiling: text,
        products: z.array(product).max(50),
        copies: z.array(copy).max(50),
        steps: z.array(step).max(20),
      }),
    )
    .max(PRECISIONS.length),
  tilings: z.array(z.object({ tiling: text, gflopsPerSecond: positive })).max(200),
});

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
