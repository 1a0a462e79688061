/** Where the time of a step goes, for `bench/step-peers.ts --profile`: traces of both engines, by what they compute. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Seconds of a step by what is computed. */
export type Profile = Readonly<Record<(typeof PARTS)[number], number>>;

export const PARTS = [
  'products of layers',
  'attention',
  'AdamW',
  'GELU',
  'layer norms',
  'everything else',
] as const;

/** An event of ONNX Runtime's trace. */
interface NodeEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

const PRODUCTS = new Set(['MatMul', 'Gemm', 'FusedMatMul', 'Scan']);

/**
 * Of ONNX Runtime's trace, the mean of the steps after `warm`. A node is told by its name, which is that of the program's
 * value; those inside a Scan, whose names have two slashes, are within its time.
 */
export function ourProfile(trace: string, steps: number, warm: number): Profile {
  const folder = dirname(trace);
  const file = readdirSync(folder).find((name) => name.startsWith(basename(trace)));
  if (file === undefined) throw new Error(`ONNX Runtime wrote no trace at ${trace}`);
  const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as readonly NodeEvent[];
  const times = new Map<string, { part: (typeof PARTS)[number]; took: number[] }>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time') || name.split('/').length > 2) continue;
    const node = times.get(name) ?? { part: partOf(name, args?.op_name ?? ''), took: [] };
    node.took.push(dur / 1e6);
    times.set(name, node);
  }
  const profile = empty();
  for (const { part, took } of times.values()) {
    if (took.length !== steps) continue;
    for (const seconds of took.slice(warm)) profile[part] += seconds / (steps - warm);
  }
  return profile;
}

function partOf(name: string, operator: string): (typeof PARTS)[number] {
  if (name.includes('adamw')) return 'AdamW';
  if (name.includes('attention')) return 'attention';
  if (name.includes('gelu')) return 'GELU';
  if (name.includes('layer_norm')) return 'layer norms';
  return PRODUCTS.has(operator) ? 'products of layers' : 'everything else';
}

/** Of PyTorch's operations, whose seconds over `steps` steps `step.py` wrote. */
export function theirProfile(trace: string, steps: number): Profile {
  const seconds = JSON.parse(readFileSync(trace, 'utf8')) as Readonly<Record<string, number>>;
  const profile = empty();
  for (const [operation, took] of Object.entries(seconds))
    profile[theirPartOf(operation)] += took / steps;
  return profile;
}

function theirPartOf(operation: string): (typeof PARTS)[number] {
  if (operation.includes('adamw')) return 'AdamW';
  if (operation.includes('scaled_dot_product')) return 'attention';
  if (operation.includes('gelu')) return 'GELU';
  if (operation.includes('layer_norm')) return 'layer norms';
  return /^aten::(mm|addmm|bmm)$/.test(operation) ? 'products of layers' : 'everything else';
}

function empty(): Record<(typeof PARTS)[number], number> {
  return Object.fromEntries(PARTS.map((part) => [part, 0])) as Record<
    (typeof PARTS)[number],
    number
  >;
}
