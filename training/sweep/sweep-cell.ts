import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Backend } from '../../core/backend.js';
import { dataRootOf, readClipList } from '../../data/index.js';
import { classify, headScores } from '../../evaluation/index.js';
import type { Aligner } from '../../run/aligner.js';
import { finetuningOf, loadClassifier } from '../../run/classifier.js';
import { requireKnownLabels } from '../../run/feeds/clip-labels.js';
import type { ProbeSettings } from '../../run/manifest.js';
import { PROBE_RECIPES } from '../../run/probe-recipes.js';
import { readManifest } from '../../run/read-manifest.js';
import type { RunSettings } from '../../run/settings/config.js';
import { listPair } from '../../run/settings/list.js';
import { LacunaError } from '../../spec/index.js';
import type { FinetuneEvent } from '../tasks/finetune.js';
import { finetune, resumeFinetuning } from '../tasks/finetune.js';
import { type PretrainEvent, pretrain, resumePretraining } from '../tasks/pretrain.js';
import { type ProbeEvent, probe, resumeProbe } from '../tasks/probe.js';
import { finetuningConfigOf, pretrainingConfigOf, settingsOf } from './row-settings.js';
import type { Sweep, SweepRow } from './sweep-file.js';

/** What a run of a sweep is handed. */
export interface SweepTools {
  /** The version of Lacuna, for the manifests. */
  readonly version: string;
  readonly openBackend: (settings: Pick<RunSettings, 'backend'>) => Promise<Backend>;
  readonly openTeacher: (folder: string) => Promise<Aligner>;
  readonly onEvent?: (event: PretrainEvent | FinetuneEvent | ProbeEvent) => void;
  /** Ends the run that goes on after its current step, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** What a cell came to: shares in [0, 1], where they were asked for. */
export interface CellScores {
  readonly finetune?: number;
  readonly probe?: number;
}

/** A row with a seed. */
export interface Cell {
  readonly row: SweepRow;
  readonly seed: number;
  /** Where its runs lie. */
  readonly folder: string;
}

/** Steps between two looks: the clips are looked at once, at the end. */
const NEVER = 1_000_000;

/**
 * Trains and judges a cell: what is done is left, what was stopped goes on.
 *
 * @returns undefined where the signal ended it.
 * @throws LacunaError for settings, lists or folders that cannot be used.
 */
export async function runCell(
  sweep: Sweep,
  cell: Cell,
  tools: SweepTools,
): Promise<CellScores | undefined> {
  const run = join(cell.folder, 'pretrain');
  if (!(await pretrained(sweep, cell, run, tools))) return undefined;
  let scores: CellScores = {};
  if (sweep.finetune !== undefined) {
    if (tools.signal?.aborted === true) return undefined;
    const top1 = await finetuned(sweep.finetune, cell, run, tools);
    if (top1 === undefined) return undefined;
    scores = { ...scores, finetune: top1 };
  }
  if (sweep.probe !== undefined) {
    if (tools.signal?.aborted === true) return undefined;
    const top1 = await probed(sweep.probe, cell, run, tools);
    if (top1 === undefined) return undefined;
    scores = { ...scores, probe: top1 };
  }
  return scores;
}

/** @returns Whether it ended. */
async function pretrained(
  sweep: Sweep,
  { row, seed }: Cell,
  output: string,
  tools: SweepTools,
): Promise<boolean> {
  const config = pretrainingConfigOf(sweep, row, { seed, output });
  const settings = await settingsOf(config, [], notes(tools));
  const options = { ...tools, openTeacher: tools.openTeacher };
  const { finished } = await withBackend(settings, tools, async (backend) =>
    (await isBegun(output))
      ? resumePretraining(output, backend, options)
      : pretrain(settings, backend, options),
  );
  return finished;
}

async function finetuned(
  tuned: NonNullable<Sweep['finetune']>,
  { seed, folder }: Cell,
  run: string,
  tools: SweepTools,
): Promise<number | undefined> {
  const { data, test } = tuned;
  const output = join(folder, 'finetune');
  const { settings: from } = await readManifest(run);
  const of = listPair(tuned);
  const config = finetuningConfigOf(tuned, from, { seed, output });
  const settings = await settingsOf(config, [run], notes(tools));
  return withBackend(settings, tools, async (backend) => {
    const { finished } = (await isBegun(output))
      ? await resumeFinetuning(output, backend, tools)
      : await finetune(settings, backend, tools);
    if (!finished) return undefined;
    const records = (await readClipList(test, notes(tools), of.test)).records;
    const classifier = await loadClassifier(output, async () => backend, notes(tools));
    if (classifier.heads.length > 1) {
      throw new LacunaError({
        where: data,
        what: 'the table of a sweep has one class for each clip',
        got: `labels ${classifier.heads.map(({ name }) => name).join(', ')}`,
        fix: 'Give the sweep lists with one label a clip.',
      });
    }
    requireKnownLabels(records, classifier.heads, test);
    const { views } = finetuningOf(classifier.settings);
    const at = dataRootOf(of.test.root ?? dirname(test), false);
    const scores = headScores(classifier.heads, await classify(classifier, records, at, views));
    return Object.values(scores)[0];
  });
}

async function probed(
  { data, test, head, label, ...pair }: NonNullable<Sweep['probe']>,
  { seed, folder }: Cell,
  run: string,
  tools: SweepTools,
): Promise<number | undefined> {
  const { rates, decays, steps = 1, epochs, batch } = PROBE_RECIPES[head];
  const { settings: from } = await readManifest(run);
  const of = listPair(pair);
  const settings: ProbeSettings = {
    run,
    data: { path: data, ...of.data },
    test: { path: test, ...of.test },
    ...(label === undefined ? {} : { label }),
    output: join(folder, 'probe'),
    head,
    seed,
    steps,
    ...(epochs === undefined ? {} : { epochs }),
    ...(batch === undefined ? {} : { batch }),
    learningRate: rates[0] ?? 1,
    ...(head === 'knn' ? {} : { rates, decays }),
    evaluateEvery: NEVER,
    checkpoints: { everySteps: 100, keep: 2 },
    backend: from.backend,
  };
  try {
    const { outcome } = await withBackend(settings, tools, async (backend) =>
      (await isBegun(settings.output))
        ? resumeProbe(settings.output, backend, tools)
        : probe(settings, backend, tools),
    );
    return outcome?.scores.top1.share;
  } catch (error) {
    // One that is stopped while its features are made has no folder yet, and says so by an error.
    if (tools.signal?.aborted === true && error instanceof LacunaError) return undefined;
    throw error;
  }
}

/** Whether the folder holds a run: one that was killed before it had its manifest is begun again. */
async function isBegun(folder: string): Promise<boolean> {
  return access(join(folder, 'manifest.json')).then(
    () => true,
    () => false,
  );
}

async function withBackend<R>(
  settings: Pick<RunSettings, 'backend'>,
  { openBackend }: SweepTools,
  body: (backend: Backend) => Promise<R>,
): Promise<R> {
  const backend = await openBackend(settings);
  try {
    return await body(backend);
  } finally {
    await backend.dispose();
  }
}

function notes({ onEvent }: SweepTools): (text: string) => void {
  return (text) => onEvent?.({ kind: 'note', text });
}
