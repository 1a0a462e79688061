import { describe, expect, it } from 'vitest';
import { type Emulated, plainWgsl } from './plain-wgsl.js';

const EMULATED: Emulated = {
  subgroups: { most: 8, own: 4 },
  units: [{ M: 8, N: 16, K: 4, component: 'f16', result: 'f32' }],
};
const KERNEL = `enable chromium_experimental_subgroup_matrix;
enable f16;
enable subgroups;
var<workgroup> tile: array<vec4<f16>, 64>;
var<workgroup> results: array<vec4<f32>, 64>;
@compute @workgroup_size(16)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(subgroup_id) subgroup_id: u32) {
  var c = subgroup_matrix_result<f32, 16, 8>();
  let a = subgroupMatrixLoad<subgroup_matrix_left<f16, 4, 8>, col_major>(&tile, 0u, 2u);
  let b = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 4>, row_major>(&tile, 0u, 4u);
  c = subgroupMatrixMultiplyAccumulate(a, b, c);
  subgroupMatrixStore<row_major>(&results, 0u, c, 4u);
}
`;

describe('a kernel whose units are emulated', () => {
  it('takes no extension, and knows its subgroup by its lane', () => {
    const plain = plainWgsl(KERNEL, EMULATED);
    expect(plain).not.toMatch(/enable|f16\b(?!\()|subgroup_?matrix/i);
    expect(plain).toContain('let subgroup_id = lane / 4u;');
  });

  it('is left as it is where it has none', () => {
    const plain = '@compute @workgroup_size(3)\nfn main() {}\n';
    expect(plainWgsl(plain, EMULATED)).toBe(plain);
  });

  it.each([
    ['workgroups that are no multiple of the largest subgroup', /size\(16/, 'size(20', /20 is no/],
    ['another unit', /f32, 16, 8/, 'f32, 8, 16', /no such unit/],
    ['matrices of a kind that differ', /left<f16, 4, 8/, 'right<f16, 4, 8', /missing|differ/],
    ['a tile of another component', /vec4<f16>, 64/, 'vec4<f32>, 64', /does not hold f16/],
    ['a store by columns', /Store<row_major>/, 'Store<col_major>', /not emulated/],
  ] as const)('is refused for %s', (_, find, replace, message) => {
    expect(() => plainWgsl(KERNEL.replace(find, replace), EMULATED)).toThrow(message);
  });
});
