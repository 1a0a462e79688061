import { totalmem } from 'node:os';
import type { Backend, MemoryHabits } from '../core/backend.js';
import { benchPlan } from '../core/measure/bench-plan.js';
import { type PlanMemory, planMemory } from '../core/measure/plan-memory.js';
import type { Plan } from '../core/plan/index.js';
import { framesAhead } from '../data/index.js';
import { maskedClipSampling } from '../run/feeds/clip-sampling.js';
import type { RunSettings } from '../run/settings/config.js';
import { runSchedule, videoConfig, withTeacher } from '../run/settings/settings.js';
import { elementCount, gridOf, LacunaError, maskCounts } from '../spec/index.js';
import { fewestParts } from './fewest-parts.js';
import { pretrainingPlan } from './tasks/pretraining-task.js';

/** What a run of these settings would take. */
export interface RunPlan {
  readonly parameters: number;
  /** Of a step; undefined where the backend does not say how it keeps memory. */
  readonly memory?: PlanMemory;
  /** Whether a step takes the memory of the machine, and not of a device that has its own. */
  readonly isMachine: boolean;
  /** Bytes of the batches that are decoded ahead of need. */
  readonly ahead: number;
  /** Bytes that this process has before it begins. */
  readonly process: number;
  /** Where what there is is known, bytes in all: of a device with a memory of its own in that, else in the machine's. */
  readonly needed?: number;
  /** Bytes that there are, or that may be taken; undefined for a device that does not tell. */
  readonly available?: number;
  /** Where it is known: clips of the largest batch that fits whole, and of the largest part of this batch. */
  readonly fits?: { readonly whole: number; readonly part: number };
}

/** What a short bench says of it. */
export interface RunBench {
  /** Clips of a step that was measured, and in how many parts it was run. */
  readonly clips: number;
  readonly microbatches: number;
  readonly clipsPerSecond: number;
  /** The most bytes that this process has had, which the whole plan is held to; undefined for a smaller step. */
  readonly peak?: number;
}

/** The width of a teacher that is not named: CLIP's. */
const TEACHER_WIDTH = 512;
/** Batches above are not looked for. */
const MAX_BATCH = 2 ** 16;

/**
 * Predicts from the programs of a run alone what a step of it needs, and what batch would fit: see
 * `planMemory`. The videos that are being decoded are not counted, nor is a teacher.
 *
 * @param budget Bytes that may be taken. @defaultValue the memory of this machine; a device's own is not known
 * @param process Bytes that this process has before it begins. @defaultValue those that it has now
 */
export function planRun(
  settings: RunSettings,
  backend: Pick<Backend, 'info'>,
  budget?: number,
  process: number = globalThis.process.memoryUsage().rss,
): RunPlan {
  const plan = planOf(settings);
  const parameters = plan.state
    .filter(({ role }) => role === 'parameter')
    .reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const ahead = framesAhead(maskedClipSampling(settings), settings.batch);
  const { memory: habits } = backend.info;
  const isMachine = habits?.device === 'machine';
  const available = budget ?? (isMachine ? totalmem() : undefined);
  const own = {
    parameters,
    isMachine,
    ahead,
    process,
    ...(available === undefined ? {} : { available }),
  };
  if (habits === undefined) return own;
  const memory = planMemory(plan, habits);
  if (available === undefined) return { ...own, memory };
  const needed = memory.peak + (isMachine ? ahead + process : 0);
  return { ...own, memory, needed, fits: fitting(settings, habits, available, process) };
}

/**
 * Bytes that a run of these settings needs in the memory that a step takes: a device's own holds the step, that of
 * the machine the frames decoded ahead and the process, too.
 */
export function bytesNeeded(settings: RunSettings, habits: MemoryHabits, process: number): number {
  const { peak } = planMemory(planOf(settings), habits);
  if (habits.device !== 'machine') return peak;
  return peak + framesAhead(maskedClipSampling(settings), settings.batch) + process;
}

/**
 * Measures how many clips a second a step learns from. A batch in parts stands for itself by two parts:
 * its parts are all alike.
 *
 * @throws LacunaError for a step that does not fit.
 */
export async function benchRun(
  settings: RunSettings,
  backend: Backend,
  { needed, available }: Pick<RunPlan, 'needed' | 'available'>,
  onStep: (step: number, seconds: number) => void = () => {},
): Promise<RunBench> {
  if (needed !== undefined && available !== undefined && needed > available)
    throw new LacunaError({ what: 'a step that does not fit is not measured' });
  const { batch, microbatches } = settings;
  const isWhole = microbatches <= 2;
  const clips = isWhole ? batch : (2 * batch) / microbatches;
  const measured = isWhole ? settings : { ...settings, batch: clips, microbatches: 2 };
  const { visible } = maskCounts(settings.mask, gridOf(videoConfig(settings)));
  const { stepSeconds } = await benchPlan(backend, planOf(measured), {
    visible,
    warm: 1,
    steps: 2,
    onStep,
  });
  const fastest = Math.min(...stepSeconds);
  return {
    clips,
    microbatches: measured.microbatches,
    clipsPerSecond: clips / fastest,
    ...(isWhole ? { peak: 1024 * process.resourceUsage().maxRSS } : {}),
  };
}

/** The steps of a run on so many clips. @throws LacunaError for fewer than a batch */
export function stepsOf(settings: RunSettings, clips: number | undefined): number | undefined {
  if (clips === undefined) return settings.schedule.steps;
  return runSchedule(settings, clips).totalSteps;
}

/** The plan of a run; the tokens of a frozen teacher that is not named are those of a CLIP. */
export function planOf(settings: RunSettings): Plan {
  const { teacher, teacherWidth = TEACHER_WIDTH } = settings.contrastive;
  const known = teacher === undefined ? settings : withTeacher(settings, teacherWidth);
  return pretrainingPlan(known, settings.text.vocabulary);
}

/**
 * What a step needs grows with its batch as a line does, nearly: two small batches say where it meets what
 * there is, and the batch there is looked at itself.
 */
function fitting(
  settings: RunSettings,
  habits: MemoryHabits,
  available: number,
  process: number,
): { readonly whole: number; readonly part: number } {
  const { batch } = settings;
  const needed = (batch: number, microbatches: number): number =>
    bytesNeeded({ ...settings, batch, microbatches }, habits, process);
  const [two, four] = [needed(2, 1), needed(4, 1)];
  const slope = (four - two) / 2;
  let whole = two > available ? 0 : Math.min(MAX_BATCH, 2 + Math.floor((available - two) / slope));
  for (let tries = 0; whole > 0 && tries < 4 && needed(whole, 1) > available; tries++)
    whole = Math.floor(whole * 0.95);
  const { parts } = fewestParts(batch, (parts) => needed(batch, parts), available) ?? {};
  return {
    whole: parts === 1 ? Math.max(whole, batch) : whole,
    part: parts === undefined ? 0 : batch / parts,
  };
}
