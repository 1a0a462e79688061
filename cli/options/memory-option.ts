import { Option } from 'commander';
import type { BudgetedStage } from '../../training/index.js';
import { byteSize } from './byte-size.js';

/** `--memory`: a budget that a step is to keep within. */
export function memoryOption(): Option {
  return new Option(
    '--memory <size>',
    'what a step may take (6GB): its batch is run in the fewest parts that fit, for about a third more arithmetic where clips are compared; of the device, where it has a memory of its own, else of this process',
  )
    .argParser(byteSize)
    .conflicts('microbatches');
}

/** What a budget comes to: how a batch is run, what is foreseen of it, and what that costs. */
export function budgetLine(budget: number, stage: BudgetedStage): string {
  const { name, batch, microbatches, needed, arithmetic } = stage;
  const how =
    microbatches === 1
      ? `${batch} clips at once`
      : `${batch} clips ${batch / microbatches} at a time (--microbatches ${microbatches})`;
  const cost = microbatches === 1 ? 'nothing' : `${arithmetic.toFixed(2)} times the arithmetic`;
  const of = name === undefined ? '' : `, ${name}`;
  return `budget${of}  ${gigabytes(budget)}: ${how}, ${gigabytes(needed)} foreseen; it costs ${cost}`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
