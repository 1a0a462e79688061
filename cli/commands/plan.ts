import { Command, Option } from 'commander';
import { duration } from '../../core/duration.js';
import { gibibytes } from '../../core/gibibytes.js';
import {
  parseConfig,
  type RunSettings,
  resolveSettings,
  stagesOf,
  withValue,
} from '../../run/index.js';
import { LacunaError, PRESETS } from '../../spec/index.js';
import { benchRun, planRun, type RunPlan, stepsOf, withinBudget } from '../../training/index.js';
import { note } from '../note.js';
import { openBackend } from '../open-backend.js';
import {
  type BackendFlags,
  backendConfig,
  withBackendOptions,
} from '../options/backend-options.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { shardStateOption } from '../options/launch-options.js';
import {
  type ListFlags,
  partsOption,
  readData,
  splitOption,
  videoOption,
} from '../options/list-options.js';
import { budgetLine, budgetOf, memoryOption } from '../options/memory-option.js';
import { assigned } from '../options/run-options.js';
import { setOption } from '../options/shared-options.js';
import { splitLines, splitStep } from '../split-plan.js';
import { TerminalLine } from '../terminal-line.js';
import { wholeNumber } from '../whole-number.js';

interface PlanFlags extends BackendFlags, ListFlags {
  readonly batch?: number;
  readonly microbatches?: number;
  readonly memory?: number;
  readonly epochs?: number;
  readonly steps?: number;
  readonly clips?: number;
  readonly data?: string;
  readonly bench: boolean;
  readonly target?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

const DAY = 86_400;

export function planCommand(): Command {
  const command = new Command('plan')
    .summary('Says what memory and time a run would take, and what batch fits.')
    .description(
      'Says, before any video is read, what memory a step of a run takes on this machine and\n' +
        'what batch and parts fit, how many clips a second it learns from (by a few steps on\n' +
        'made-up numbers), and how many days it takes. Ends with 1 where the step does not fit.\n' +
        'Decoding is not measured: it goes on beside, in threads of its own.',
    )
    .argument('<preset>', 'where the settings start from: videomae-vitb, mac-vitb, ...')
    .option('--batch <n>', 'clips of a step', wholeNumber(1, 999_999))
    .option('--microbatches <n>', 'parts that a step runs its batch in', wholeNumber(1, 999_999))
    .addOption(memoryOption().conflicts(['microbatches', 'target']))
    .option('--epochs <n>', 'length of the run', wholeNumber(1, 999_999))
    .option('--steps <n>', 'length of the run', wholeNumber(1, 999_999_999))
    .option('--clips <n>', 'clips of the data set', wholeNumber(1, 1e10))
    .addOption(
      new Option('--data <list>', 'the data set, whose clips are counted').conflicts('clips'),
    )
    .addOption(splitOption())
    .addOption(videoOption())
    .addOption(partsOption());
  return withBackendOptions(command)
    .option('--no-bench', 'measure nothing')
    .option(
      '--target <devices>',
      'compile the step for several devices, which need not be here: cpux4, h100x8, v5ex8 (--backend xla)',
    )
    .addOption(shardStateOption())
    .addOption(setOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna plan videomae-vits --batch 8
  $ lacuna plan mac-vitb --batch 512 --microbatches 64 --clips 2500000
  $ lacuna plan mac-vitb --batch 512 --memory 24GB --backend webgpu --no-bench
  $ lacuna plan videomae-vitb --backend tfjs --batch 4 --data train.jsonl --epochs 100
  $ lacuna plan videomae-vith --batch 64 --no-bench
  $ lacuna plan videomae-vits --batch 8 --backend xla --target cpux4
  $ lacuna plan videomae-vitb --batch 512 --backend xla --target h100x8 --precision bf16 --shard-state`,
    )
    .action(plan);
}

async function plan(preset: string, flags: PlanFlags): Promise<void> {
  const asked = settingsOf(preset, flags);
  if (flags.target !== undefined) return planTarget(preset, asked, flags.target, flags);
  if (flags.shardState === true) {
    throw new LacunaError({
      where: '--shard-state',
      what: 'how state in parts lies is told of a target alone',
      fix: 'Name one with --target, such as h100x8.',
    });
  }
  const { data } = flags;
  const clips =
    data === undefined ? flags.clips : (await readData(data, flags, note)).list.records.length;
  const backend = await openBackend(asked);
  const line = new TerminalLine(process.stderr);
  const stages: object[] = [];
  const tell = (text: string): void => {
    if (flags.json !== true) console.log(text);
  };
  try {
    let seconds: number | undefined = 0;
    // Before the first stage is measured, which leaves its traces.
    const own = process.memoryUsage().rss;
    const budget = flags.memory === undefined ? undefined : budgetOf(flags.memory, backend);
    const budgeted = budget === undefined ? undefined : withinBudget(asked, backend, budget, own);
    const settings = budgeted?.settings ?? asked;
    for (const [i, stage] of stagesOf(settings).entries()) {
      const name = settings.stages?.[i]?.name;
      const { batch, microbatches } = stage;
      const steps = stepsOf(stage, clips);
      const planned = planRun(stage, backend, budget, own);
      tell(
        `${preset}${name === undefined ? '' : `, ${name}`}: ${(planned.parameters / 1e6).toFixed(1)} M parameters, batch ${batch}${microbatches === 1 ? '' : ` in ${microbatches} parts`}, ${backend.info.name} (${backend.info.device})`,
      );
      const kept = budgeted?.stages[i];
      const [memory, fits] = memoryLines(planned, batch);
      tell(`  ${memory}`);
      if (budget !== undefined && kept !== undefined) tell(`  ${budgetLine(budget, kept)}`);
      else if (fits !== undefined) tell(`  ${fits}`);
      const { needed, available } = planned;
      const isTooLarge = needed !== undefined && available !== undefined && needed > available;
      if (isTooLarge) process.exitCode = 1;
      const told = {
        name: name ?? null,
        batch,
        microbatches,
        isTooLarge,
        ...planned,
        ...(kept === undefined ? {} : { arithmetic: kept.arithmetic }),
      };
      if (isTooLarge || !flags.bench) {
        seconds = undefined;
        stages.push(told);
        continue;
      }
      const bench = await benchRun(stage, backend, planned, (step, took) =>
        line.show(`step ${step} of 3: ${took.toFixed(1)} s`, step === 3),
      );
      line.end();
      stages.push({ ...told, bench });
      const parts = bench.microbatches === 1 ? '' : ` in ${bench.microbatches} parts`;
      tell(
        `  speed   ${bench.clipsPerSecond.toPrecision(3)} clips/s, by steps of ${bench.clips} clips${parts}`,
      );
      // The most that a process has had says nothing of a stage that needs less than one before it.
      if (i === 0 && bench.peak !== undefined && needed !== undefined) {
        const step = needed - planned.ahead;
        tell(
          `  peak    ${gibibytes(bench.peak)} measured of a step without videos, ${gibibytes(step)} predicted: ${(bench.peak / step).toFixed(2)} of it`,
        );
      }
      seconds =
        steps === undefined || seconds === undefined
          ? undefined
          : seconds + (steps * batch) / bench.clipsPerSecond;
    }
    if (flags.json === true) printJson({ preset, stages, seconds: seconds ?? null });
    if (seconds !== undefined) tell(`  run     ${timeOf(seconds)}`);
    else if (flags.bench && process.exitCode !== 1)
      tell('  run     as long as --clips, --data or --steps say');
  } finally {
    await backend.dispose();
  }
}

/** The step of each stage, compiled for devices that need not be here. */
async function planTarget(
  preset: string,
  settings: RunSettings,
  target: string,
  { json }: PlanFlags,
): Promise<void> {
  const stages: object[] = [];
  for (const [i, stage] of stagesOf(settings).entries()) {
    const name = settings.stages?.[i]?.name;
    const split = await splitStep(stage, target);
    stages.push({ name: name ?? null, batch: stage.batch, target, ...split });
    if (json === true) continue;
    console.log(`${preset}${name === undefined ? '' : `, ${name}`}: batch ${stage.batch}`);
    for (const line of splitLines(split, target)) console.log(line);
  }
  if (json === true) printJson({ preset, stages });
}

/** The settings of a run on a list that is not read. A frozen teacher that is not named is taken for a CLIP. */
function settingsOf(preset: string, flags: PlanFlags): RunSettings {
  const { batch, microbatches, epochs, steps } = flags;
  let config: Record<string, unknown> = {
    preset,
    data: { list: 'list.jsonl' },
    output: 'run',
    backend: backendConfig(flags),
    ...(batch === undefined ? {} : { batch }),
    ...(microbatches === undefined ? {} : { microbatches }),
  };
  const known = Object.hasOwn(PRESETS, preset)
    ? PRESETS[preset as keyof typeof PRESETS]
    : undefined;
  if (known?.teacher === true) config = withValue(config, 'contrastive.teacher', '"teacher"');
  if (epochs !== undefined) config = withValue(config, 'schedule.epochs', String(epochs));
  if (steps !== undefined) config = withValue(config, 'schedule.steps', String(steps));
  for (const assignment of flags.set ?? []) config = withValue(config, ...assigned(assignment));
  return resolveSettings(parseConfig(config));
}

function memoryLines(plan: RunPlan, batch: number): readonly string[] {
  const { memory, isMachine, ahead, process: own, needed, available, fits } = plan;
  if (memory === undefined) return ['memory  this backend does not say how it keeps memory'];
  const { state, between, fed, host } = memory;
  const parts = `state ${gibibytes(state)}, between operations ${gibibytes(between)}, fed ${gibibytes(fed + host)}`;
  if (needed === undefined || available === undefined || fits === undefined)
    return [
      `memory  ${gibibytes(memory.peak)} on the device (${parts}), whose memory is not known`,
    ];
  const others = isMachine
    ? `, frames decoded ahead ${gibibytes(ahead)}, this process ${gibibytes(own)}`
    : ', on the device';
  const all = `memory  ${gibibytes(needed)} of ${gibibytes(available)}: ${parts}${others}`;
  const whole = fits.whole === 0 ? 'no whole batch' : `whole batches of up to ${fits.whole} clips`;
  const { part } = fits;
  const inParts =
    part === 0
      ? `no parts of ${batch} clips do`
      : part === batch
        ? `${batch} clips at once`
        : `${batch} clips ${part} at a time (--microbatches ${batch / part})`;
  return needed <= available
    ? [all, `fits    ${whole}; ${inParts}`]
    : [all, `DOES NOT FIT; what does: ${whole}; ${inParts}`];
}

function timeOf(seconds: number): string {
  return seconds < DAY
    ? `${duration(seconds)} in all`
    : `${(seconds / DAY).toFixed(1)} days in all`;
}
