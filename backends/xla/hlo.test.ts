import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { XLA } from './index.js';
import { packageFolder, pythonFor } from './process.js';

const probe = await XLA.probe();
const here = capable('xla', probe.available ? undefined : probe.reason);

/** What `lacuna_xla.hlo` reads of the text of a module: its collectives, and the operations of its products. */
function read(hlo: string): unknown {
  const program = `import json, sys
from lacuna_xla.hlo import collectives, products
hlo = sys.stdin.read()
print(json.dumps([collectives(hlo), products(hlo)]))`;
  const { stdout, stderr } = spawnSync(pythonFor('cpu'), ['-c', program], {
    cwd: packageFolder(),
    input: hlo,
    encoding: 'utf8',
  });
  return stderr === '' ? JSON.parse(stdout) : stderr;
}

describe.skipIf(!here)('what XLA has compiled', () => {
  it('is counted by kind, of what begins and ends apart the end alone', () => {
    const hlo = `HloModule jit_step

ENTRY %main (p: f32[2,4]) -> f32[8,4] {
  %p = f32[2,4]{1,0} parameter(0)
  %all-gather-start = ((f32[2,4]{1,0}, bf16[1]{0}), (f32[8,4]{1,0}, bf16[4]{0})) all-gather-start(%p, %q), dimensions={0}
  %all-gather-done = (f32[8,4]{1,0}, bf16[4]{0}) all-gather-done(%all-gather-start), metadata={op_name="all-gather"}
  %get = f32[8,4]{1,0} get-tuple-element(%all-gather-done), index=0
  %all-reduce.1 = f32[16]{0:T(128)S(1)} all-reduce(%get), replica_groups={}, to_apply=%add
  %all-reduce.2 = (pred[8]{0}, /*index=1*/f32[3,5]{1,0}) all-reduce(%a, %b), to_apply=%add
  %fusion = f32[16]{0} fusion(%all-reduce.1), kind=kLoop, calls=%fused
  ROOT %reduce-scatter = f32[2,4]{1,0} reduce-scatter(%get), dimensions={0}, to_apply=%add
}
`;
    expect(read(hlo)).toEqual([
      {
        'all-gather': { count: 1, bytes: 4 * 32 + 2 * 4, largest: 'f32[8,4]' },
        'all-reduce': { count: 2, bytes: 4 * 16 + 8 + 4 * 15, largest: 'f32[16]' },
        'reduce-scatter': { count: 1, bytes: 4 * 8, largest: 'f32[2,4]' },
      },
      0,
    ]);
  });

  it('has the operations of its products, within fusions and loops, too, and of cuBLAS', () => {
    const hlo = `HloModule jit_step

%fused (a: bf16[2,3,5], b: bf16[2,5,7]) -> f32[2,3,7] {
  %a = bf16[2,3,5]{2,1,0} parameter(0)
  %b = bf16[2,5,7]{2,1,0} parameter(1)
  ROOT %dot.1 = f32[2,3,7]{2,1,0} dot(%a, %b), lhs_batch_dims={0}, lhs_contracting_dims={2}, rhs_batch_dims={0}, rhs_contracting_dims={1}
}

%body (s: (s32[], f32[2,3,7])) -> (s32[], f32[2,3,7]) {
  %s = (s32[], f32[2,3,7]{2,1,0}) parameter(0)
  %fusion.1 = f32[2,3,7]{2,1,0} fusion(%x, %y), kind=kCustom, calls=%fused
  ROOT %tuple = (s32[], f32[2,3,7]{2,1,0}) tuple(%i, %fusion.1)
}

ENTRY %main (p: f32[4,6]) -> f32[4,8] {
  %p = f32[4,6]{1,0} parameter(0)
  %while.1 = (s32[], f32[2,3,7]{2,1,0}) while(%tuple.1), condition=%less, body=%body, backend_config={"known_trip_count":{"n":"9"},"known_init_step":{"init":"0","step":"1"}}
  %gemm = (f32[4,8]{1,0}, s8[4096]{0}) custom-call(%p, %w), custom_call_target="__cublas$gemm", backend_config={"gemm_backend_config":{"dot_dimension_numbers":{"lhs_contracting_dimensions":["1"],"rhs_contracting_dimensions":["0"]}}}
  ROOT %other = f32[4,8]{1,0} custom-call(%p), custom_call_target="TopK"
}
`;
    expect(read(hlo)).toEqual([{}, 9 * 2 * (2 * 3 * 7) * 5 + 2 * (4 * 8) * 6]);
  });
});
