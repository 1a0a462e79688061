import type { DType } from '../../../../spec/program/index.js';
import type { Block } from '../block.js';
import type { KernelSource } from '../kernel-source.js';

export type ReductionName = 'reduce_sum' | 'reduce_max';

/** A sum or maximum that every lane has a part of, in a variable. */
export interface Reduction {
  readonly op: ReductionName;
  readonly local: string;
  readonly dtype: DType;
}

/** What a sum of nothing is, and less than any number. */
export function identity(op: ReductionName, dtype: DType): string {
  if (dtype === 'i32') return op === 'reduce_sum' ? '0i' : 'i32(-2147483648)';
  return op === 'reduce_sum' ? '0.0f' : '-0x1.fffffep+127f';
}

export function accumulate(op: ReductionName, local: string, value: string): string {
  return op === 'reduce_sum' ? `${local} += ${value};` : `${local} = max(${local}, ${value});`;
}

/** Joins the parts of all lanes of a workgroup, so that each has the whole. */
export function shareAcrossLanes(
  sums: readonly Reduction[],
  lanes: number,
  block: Block,
  source: KernelSource,
  subgroups: boolean,
): void {
  for (const { op, local, dtype } of sums) {
    const shared = source.fresh('lanes_');
    source.shared(shared, `array<${dtype === 'i32' ? 'i32' : 'f32'}, ${lanes}>`);
    const join = (a: string, b: string): string =>
      op === 'reduce_sum' ? `${a} + ${b}` : `max(${a}, ${b})`;
    if (subgroups) {
      source.enable('subgroups');
      const call = op === 'reduce_sum' ? 'subgroupAdd' : 'subgroupMax';
      const first = source.fresh('g');
      block.add(
        `let ${first} = ${call}(${local});`,
        `if (subgroup_lane == 0u) { ${shared}[lane / subgroup_size] = ${first}; }`,
        'workgroupBarrier();',
        `${local} = ${shared}[0];`,
        `for (var k = 1u; k < (${lanes}u + subgroup_size - 1u) / subgroup_size; k++) {`,
        `  ${local} = ${join(local, `${shared}[k]`)};`,
        '}',
      );
      continue;
    }
    block.add(
      `${shared}[lane] = ${local};`,
      `for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {`,
      '  workgroupBarrier();',
      `  if (lane < half) { ${shared}[lane] = ${join(`${shared}[lane]`, `${shared}[lane + half]`)}; }`,
      '}',
      'workgroupBarrier();',
      `${local} = ${shared}[0];`,
    );
  }
}
