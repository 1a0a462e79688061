import type { Backend, HostTensor, Named } from '../../core/backend.js';
import type { FeatureSet, Judged } from '../../evaluation/index.js';
import { lastGoodCheckpoint } from '../../run/checkpoint.js';
import type { ProbeManifest } from '../../run/manifest.js';
import { type ProbeChoice, probeChoices } from '../../run/probe-recipes.js';
import { readEvaluations } from '../../run/run-folder.js';
import { probeLength } from '../../run/run-length.js';
import { train } from '../loop.js';
import type { Evaluated, TaskStage } from '../task.js';
import { choiceEvaluation, choiceSets, writtenChoice } from './probe-choice.js';
import { runNeighbours } from './probe-neighbours.js';
import {
  choiceOutcome,
  choiceText,
  type JudgedSets,
  outcomeOf,
  type ProbeEnd,
  type ProbeRun,
  percent,
  scoreEvaluation,
} from './probe-outcome.js';
import type { ProbeChoiceOutcome } from './probe-result.js';
import { judgeState, type ProbeHeads, probePlan, probeTask } from './probe-task.js';

/** Trains what the manifest says, from the last good checkpoint on, and judges it. */
export async function runProbe(probe: ProbeRun): Promise<ProbeEnd> {
  const { manifest, sets } = probe;
  if (manifest.settings.head === 'knn') return runNeighbours(probe);
  const choices = choicesOf(manifest);
  const [only] = choices;
  if (choices.length === 1 && only !== undefined) {
    return trainFinal(probe, finalHeads(manifest, sets.train, only), undefined, undefined);
  }
  return runChoice(probe, choices);
}

/** The head that is judged at last: one, that learns from all clips. */
export function finalHeads(
  manifest: Pick<ProbeManifest, 'settings' | 'classes' | 'width' | 'tokens' | 'heads'>,
  learn: FeatureSet,
  choice: ProbeChoice | undefined = choicesOf(manifest)[0],
): ProbeHeads {
  const { settings, classes, width, tokens, heads } = manifest;
  const { head = 'linear', blocks = 4 } = settings;
  const sizes = { width, classes: classes.length };
  const config =
    tokens === undefined || heads === undefined
      ? {
          kind: 'linear' as const,
          statistics:
            head === 'mae' || settings.batch !== undefined
              ? ('running' as const)
              : ('all' as const),
          ...sizes,
        }
      : { kind: 'attentive' as const, tokens, heads, blocks, ...sizes };
  return { config, classes, learn, choices: choice === undefined ? [] : [choice] };
}

function choicesOf({ settings }: Pick<ProbeManifest, 'settings'>): readonly ProbeChoice[] {
  const { rates = [settings.learningRate], decays = [0] } = settings;
  return probeChoices(rates, decays);
}

/**
 * First all candidates side by side, on a part of the clips; then the one that fared best on the rest of
 * them, from the start and on all. Both are stages of one folder, which is resumed in either.
 */
async function runChoice(probe: ProbeRun, choices: readonly ProbeChoice[]): Promise<ProbeEnd> {
  const { folder, manifest, sets, backend, signal, onEvent } = probe;
  const { settings } = manifest;
  const { learn, choose } = choiceSets(sets.train);
  const heads = { ...finalHeads(manifest, learn), choices };
  const plan = probePlan(heads, settings);
  const before = probeLength(settings, learn.labels.length).steps;
  const total = before + settings.steps;
  const stage = { name: 'choice', number: 1, count: 2, before: 0, total, former: undefined };
  const last = finalHeads(manifest, sets.train);
  const finalPlan = probePlan(last, settings);
  const states = [...plan.state, ...finalPlan.state];
  const done = probe.resumes
    ? ((await lastGoodCheckpoint(folder.checkpoints, () => {}, states))?.step ?? 0)
    : 0;
  if (done <= before) {
    const judge = async (state: Named<HostTensor>): Promise<readonly Evaluated[]> => [
      choiceEvaluation(await judgeState(backend, state, heads, choose)),
    ];
    const task = probeTask(heads, settings, plan, judge, stage);
    const options = { backend, folder, resumes: probe.resumes, signal, onEvent };
    const { state, steps, finished } = await train(task, options);
    if (!finished || signal?.aborted === true) {
      return { state, steps, finished: false, outcome: undefined };
    }
  }
  const written = await readEvaluations(folder.path);
  const choice = writtenChoice(written, before, choices.length, folder.path);
  const chosen = choices[choice.chosen] as ProbeChoice;
  onEvent({
    kind: 'note',
    text: `Chosen: ${choiceText(chosen)}, with ${percent(choice.highest)} on ${choose.labels.length} clips of those to learn from (${choices.length} candidates, from ${percent(choice.lowest)}); it is trained again on all of them.`,
  });
  const outcome: ProbeChoiceOutcome = choiceOutcome(choice, choose.labels.length, (index) => ({
    ...(choices[index] as ProbeChoice),
  }));
  return trainFinal(probe, { ...last, choices: [chosen] }, outcome, {
    before,
    total,
    former: plan.state,
  });
}

type FinalStage = Pick<TaskStage, 'before' | 'total' | 'former'>;

/** Trains one head on all clips, and judges it. */
async function trainFinal(
  probe: ProbeRun,
  heads: ProbeHeads,
  choice: ProbeChoiceOutcome | undefined,
  after: FinalStage | undefined,
): Promise<ProbeEnd> {
  const { folder, manifest, sets, backend, signal, resumes, onEvent } = probe;
  const { settings, classes } = manifest;
  const judge = async (state: Named<HostTensor>): Promise<JudgedSets> => ({
    train: await judgedOnce(backend, state, heads, sets.train),
    test: await judgedOnce(backend, state, heads, sets.test),
  });
  const task = probeTask(
    heads,
    settings,
    probePlan(heads, settings),
    async (state) => [scoreEvaluation(await judge(state), sets, classes)],
    after === undefined ? undefined : { name: 'final', number: 2, count: 2, ...after },
  );
  const { state, steps, finished } = await train(task, {
    backend,
    folder,
    resumes,
    signal,
    onEvent,
  });
  if (!finished) return { state, steps, finished, outcome: undefined };
  const { batch, steps: own } = probeLength(settings, sets.train.labels.length);
  const trained = `${choiceText(heads.choices[0])}, ${own} steps of ${batch} clips, seed ${settings.seed}`;
  const outcome = outcomeOf(probe, await judge(state), choice, trained);
  return { state, steps, finished, outcome };
}

async function judgedOnce(
  backend: Backend,
  state: Named<HostTensor>,
  heads: ProbeHeads,
  set: FeatureSet,
): Promise<Judged> {
  const [only] = await judgeState(backend, state, heads, set);
  return only as Judged;
}
