import { CONTRACTS } from '../../spec/contracts/index.js';
import { beyondContract, type Check, type Finding, verdictOf } from '../check.js';
import type { RunOptions } from '../run-case.js';
import type { Subject } from '../subject.js';
import { judgeFloat32 } from './judge-float32.js';
import { judgeFloat64 } from './judge-float64.js';
import { MAC_B, type OracleModel, TGM_B, VIDEOMAE_B } from './oracle-model.js';
import { oracleRecord } from './oracle-record.js';
import { runOracle } from './run-oracle.js';

/** The contracts whose arithmetic PyTorch's legal runs are examples of. */
const COMPARABLE = ['f32-ieee', 'f32-flush', 'f32-libm'];

/**
 * Three steps of VideoMAE-B, MAC-B and TGM-B on clips of 16 x 224 x 224, against PyTorch: with
 * `double` that the program is the same, else that a float32 backend computes it. Minutes each.
 */
export function oracleChecks(): readonly Check[] {
  return [
    ...[VIDEOMAE_B, MAC_B, TGM_B].map((model) => oracleCheck(model, 1)),
    // The same steps with each clip run by itself: PyTorch's have the batch whole.
    ...[MAC_B, TGM_B].map((model) => oracleCheck(model, model.batch)),
  ];
}

function oracleCheck(model: OracleModel, microbatches: number): Check {
  const parts = microbatches > 1;
  const id = `oracle/${model.name}${parts ? '/parts' : ''}`;
  const run = (subject: Subject, options: RunOptions): Promise<Finding> =>
    judgeOracle(id, { model, microbatches }, subject, options);
  const clauses = ['step.gradients', 'step.update', ...(parts ? ['relation.plans'] : [])];
  return { id, level: 3, clauses, run };
}

async function judgeOracle(
  id: string,
  { model, microbatches }: { readonly model: OracleModel; readonly microbatches: number },
  { backend, info }: Subject,
  { double = false }: RunOptions,
): Promise<Finding> {
  if (backend === undefined) return verdictOf('unsupported', 'programs do not run on it');
  if (!double && !COMPARABLE.includes(info.contract)) {
    return beyondContract(
      `the deviations are those of IEEE float32, and ${info.contract} grants other errors`,
    );
  }
  const result = await runOracle(backend, model, double ? 'f64' : 'f32', microbatches);
  const record = await oracleRecord(model, result.parameters);
  const tally = double
    ? judgeFloat64(result, record)
    : judgeFloat32(model, result, record, CONTRACTS[info.contract]);
  return tally.finding(id);
}
