import type { Precision } from '../backend.js';
import type { AdapterReport, AdapterResult, AdapterStep } from './adapter-report.js';
import { copyProbe, productProbe } from './probes.js';

type Product = AdapterResult['products'][number];
type Copy = AdapterResult['copies'][number];

/** 10^9 multiplications and additions a second. */
export function productRate({ shape, milliseconds }: Product): number {
  return productProbe(shape).flops / milliseconds / 1e6;
}

/** 10^9 bytes read and written a second. */
export function copyRate({ megabytes, milliseconds }: Copy): number {
  return copyProbe(megabytes).bytes / milliseconds / 1e6;
}

/** Of a step's products, forward and backward; 10^9 multiplications and additions a second. */
export function stepRate({ gflop, milliseconds }: AdapterStep): number {
  return gflop / (milliseconds / 1000);
}

/** The highest rate that the device reached in one product, by which steps are judged. */
export function bestProduct({
  products,
}: Pick<AdapterResult, 'products'>):
  | { readonly product: Product; readonly rate: number }
  | undefined {
  return products
    .map((product) => ({ product, rate: productRate(product) }))
    .sort((a, b) => b.rate - a.rate)[0];
}

/** A line of the table of adapters, in words. */
export interface AdapterRow {
  readonly adapter: string;
  readonly browser: string;
  readonly precision: Precision;
  /** GFLOP/s of the best product, and its shape. */
  readonly product: string;
  /** GB/s of the best copy, and its size. */
  readonly copy: string;
  /** Milliseconds of a step of each size, and the share of the best product. */
  readonly steps: Readonly<Record<string, string>>;
}

/** The columns of steps, by the names of the problems (`PROBLEMS`). */
export const STEP_COLUMNS = ['tiny', 'small'] as const;
const NONE = 'not measured';

/** The lines of a report: one a precision. */
export function adapterRows({ adapter, browser, results }: AdapterReport): readonly AdapterRow[] {
  return results.map((result) => {
    const best = bestProduct(result);
    const [copy] = [...result.copies].sort((a, b) => copyRate(b) - copyRate(a));
    const steps = STEP_COLUMNS.map((size) => {
      const step = result.steps.find((each) => each.size === size);
      return [size, step === undefined ? NONE : stepText(step, best?.rate)] as const;
    });
    return {
      adapter: `${adapter.description}${adapter.isSoftware ? ' (in software)' : ''}`,
      browser,
      precision: result.precision,
      product:
        best === undefined ? NONE : `${digits(best.rate)} (${best.product.shape.join(' x ')})`,
      copy: copy === undefined ? NONE : `${digits(copyRate(copy))} (${copy.megabytes} MiB)`,
      steps: Object.fromEntries(steps),
    };
  });
}

function stepText(step: AdapterStep, best: number | undefined): string {
  const share = best === undefined ? '' : `, ${((100 * stepRate(step)) / best).toFixed(0)} %`;
  return `${digits(step.milliseconds)} ms${share}`;
}

/** Three digits that count: 0.123, 12.3, 1230. */
export function digits(value: number): string {
  return value >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** The heads of the table's columns, with their units. */
export const ADAPTER_HEADS: readonly string[] = [
  'adapter',
  'browser',
  'precision',
  'best product, GFLOP/s (rows x inner x columns)',
  'best copy, GB/s (size)',
  ...STEP_COLUMNS.map((size) => `step of ${size}, share of the best product`),
];

/** The cells of a line, in the order of the heads. */
export function adapterCells(row: AdapterRow): readonly string[] {
  const { adapter, browser, precision, product, copy, steps } = row;
  return [
    adapter,
    browser,
    precision,
    product,
    copy,
    ...STEP_COLUMNS.map((size) => steps[size] ?? ''),
  ];
}
