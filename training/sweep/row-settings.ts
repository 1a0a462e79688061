import { relative, resolve, sep } from 'node:path';
import { finetuningConfig } from '../../run/finetuning-config.js';
import type { RunSettings } from '../../run/settings/config.js';
import { listPair } from '../../run/settings/list.js';
import { parseConfig, withValue } from '../../run/settings/parse-config.js';
import { resolveSettings } from '../../run/settings/settings.js';
import { withWeights } from '../../run/weights/with-weights.js';
import { LacunaError } from '../../spec/index.js';
import type { Sweep, SweepRow } from './sweep-file.js';

type Config = Record<string, unknown>;
/** Whose run it is, and where it lies. */
type Own = Pick<RunSettings, 'seed' | 'output'>;

/** One step at a rate of 0: the encoder stays as it is drawn, and goes the way of all others. */
const SCRATCH = {
  'schedule.steps': 1,
  'schedule.warmupSteps': 1,
  'schedule.warmup': 'mae',
} as const;
/** Steps between two looks: the clips are looked at once, at the end. */
const NEVER = 1_000_000;

/** What a row's pretraining run is made of, before weights that it begins with are looked up. */
export function pretrainingConfigOf({ pretrain }: Sweep, row: SweepRow, own: Own): Config {
  const isScratch = row.scratch === true;
  const base = isScratch ? withoutLength(pretrain) : pretrain;
  return withSet({ ...base, ...own }, { ...row.set, ...(isScratch ? SCRATCH : {}) });
}

/** What the fine-tuning run behind a pretraining run is made of. @param from The settings of the latter. */
export function finetuningConfigOf(
  { recipe, data, test, steps, epochs, set = {}, ...pair }: NonNullable<Sweep['finetune']>,
  from: RunSettings,
  own: Own,
): Config {
  const of = listPair(pair);
  const config = {
    ...finetuningConfig(recipe, from, { steps, epochs }),
    data: { list: data, ...of.data },
    // Its clips and labels are looked at before the first step.
    evaluation: { list: test, everySteps: NEVER, ...of.test },
    ...own,
    backend: from.backend,
  };
  return withSet(config, set);
}

/**
 * The settings of each row's pretraining run, of the first seed: all that can be known of them before anything is trained.
 * Of a row that begins with weights of the sweep's own folder keys and values alone are looked at, and nothing is returned:
 * they may be there only when its turn comes.
 *
 * @param folder That of the sweep.
 * @throws LacunaError naming the row, for a key or a value that no run can have, and weights that it cannot begin with.
 */
export async function rowSettings(
  sweep: Sweep,
  folder: string,
  rows: readonly SweepRow[] = sweep.rows,
): Promise<readonly RunSettings[]> {
  const own = { seed: sweep.seeds[0] ?? 0, output: 'sweep' };
  const { finetune } = sweep;
  const all: RunSettings[] = [];
  for (const row of rows) {
    const settings = await named(`row "${row.name}"`, async () => {
      const config = pretrainingConfigOf(sweep, row, own);
      const { encoder, text } = parseConfig(config);
      const begins = [encoder?.init, text?.init];
      return begins.some((init) => isBelow(folder, init)) ? undefined : settingsOf(config);
    });
    if (settings === undefined) continue;
    all.push(settings);
    if (finetune === undefined) continue;
    await named(`row "${row.name}", fine-tuned`, () =>
      settingsOf(finetuningConfigOf(finetune, settings, own)),
    );
  }
  return all;
}

/** @param init Folders of weights that it begins with. */
export async function settingsOf(
  config: Config,
  init: readonly string[] = [],
  onNote: (text: string) => void = () => {},
): Promise<RunSettings> {
  return resolveSettings(parseConfig(await withWeights(config, init, onNote)));
}

function isBelow(folder: string, path: string | undefined): boolean {
  if (path === undefined || path === '') return false;
  const [first] = relative(resolve(folder), resolve(path)).split(sep);
  return first !== '..' && first !== '';
}

/** What `body` makes; its errors say where they belong. */
async function named<T>(name: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    if (!(cause instanceof LacunaError)) throw cause;
    const { where } = cause.facts;
    throw new LacunaError(
      { ...cause.facts, where: where === undefined ? name : `${name}: ${where}` },
      { cause },
    );
  }
}

function withSet(config: Config, set: Readonly<Record<string, unknown>>): Config {
  let changed = config;
  for (const [key, value] of Object.entries(set))
    changed = withValue(changed, key, JSON.stringify(value));
  return changed;
}

/** The shared settings without how long their runs are. */
function withoutLength(config: Readonly<Config>): Config {
  const { schedule, ...rest } = config;
  const { epochs: _, warmupEpochs: __, ...kept } = { ...(schedule as Config) };
  return { ...rest, schedule: kept };
}
