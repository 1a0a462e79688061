import { totalmem } from 'node:os';
import { Option } from 'commander';
import { gibibytes } from '../../core/gibibytes.js';
import type { Backend } from '../../core/index.js';
import type { BudgetedStage } from '../../training/index.js';
import { byteSize } from './byte-size.js';

/** `--memory`: a budget that a step is to keep within. */
export function memoryOption(): Option {
  return new Option(
    '--memory <size>',
    'what a step may take (6GB), of the device where it has a memory of its own, else of this process: its batch is run in the fewest parts that fit, for about a third more arithmetic where clips are compared, and GELU is made again on ONNX Runtime where that saves parts, for up to 4 % of the time; a teacher, and videos being decoded, come on top',
  ).argParser(byteSize);
}

/** The bytes of a budget: never more than the machine has, where a step takes its memory. */
export function budgetOf(asked: number, { info }: Pick<Backend, 'info'>): number {
  return info.memory?.device === 'machine' ? Math.min(asked, totalmem()) : asked;
}

/** What a budget comes to: how a batch is run, what is foreseen of it, and what that costs. */
export function budgetLine(budget: number, stage: BudgetedStage): string {
  const { name, batch, microbatches, recompute, needed, arithmetic } = stage;
  const how =
    microbatches === 1
      ? `${batch} clips at once`
      : `${batch} clips ${batch / microbatches} at a time (--microbatches ${microbatches})`;
  const cost =
    arithmetic < 1.005
      ? 'no more arithmetic than'
      : `${arithmetic.toFixed(2)} times the arithmetic of`;
  const again = recompute ? ', with what is made again for its gradient (recompute)' : '';
  const of = name === undefined ? '' : `, ${name}`;
  return `budget${of}  ${gibibytes(budget)}: ${how}, ${gibibytes(needed)} foreseen${again}; ${cost} the batch at once`;
}
