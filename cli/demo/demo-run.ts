import type { Backend } from '../../core/index.js';
import {
  createTokenizer,
  type DemoData,
  type DemoVersion,
  makeDemoData,
  readTokenizer,
} from '../../data/index.js';
import { capabilitiesOf, type RunSettings, type TrainedModel } from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { pretrain } from '../../training/index.js';
import { note } from '../note.js';
import type { BackendFlags } from '../options/backend-options.js';
import { type RunFlags, settingsOf } from '../options/run-options.js';
import { RunDisplay } from '../run-display.js';
import { stopSignal } from '../stop-signal.js';
import { version } from '../version.js';

/** Flags of `lacuna demo`. */
export interface DemoFlags extends BackendFlags, Pick<RunFlags, 'seed' | 'steps' | 'set'> {
  readonly data: string;
  readonly dataVersion?: DemoVersion;
  readonly runs: string;
}

/** The demo data in a folder, made if they are not there. */
export async function demoData(folder: string, version: DemoVersion = 1): Promise<DemoData> {
  let shown = 0;
  const data = await makeDemoData(folder, { version }, (done, total) => {
    const percent = Math.floor((100 * done) / total);
    if (percent < shown + 10 && done < total) return;
    shown = percent;
    note(`making the demo data: ${done} of ${total} clips`);
  });
  note(data.reused ? `The demo data in ${folder} are used.` : `The demo data are in ${folder}.`);
  return data;
}

/** The settings of a demo run. @throws LacunaError for a teacher: the demo trains its own text encoder. */
export async function demoSettings(
  { data: _, dataVersion: __, runs: ___, set = [], ...flags }: DemoFlags,
  data: DemoData,
  output: string,
  pairing: RunSettings['pairing'],
): Promise<RunSettings> {
  const settings = await settingsOf({
    preset: 'demo',
    data: data.trainList,
    output,
    ...flags,
    set: [...set, `pairing=${pairing}`],
  });
  const { teacher } = settings.contrastive;
  if (teacher === undefined) return settings;
  throw new LacunaError({
    where: 'contrastive.teacher',
    what: 'the demo trains a text encoder of its own and takes no teacher',
    got: teacher,
    fix: `Use: lacuna pretrain --preset demo --data ${data.trainList} --set contrastive.teacher=${teacher}`,
  });
}

/** The trained model, or undefined where the run was stopped; its folder then goes on by `lacuna pretrain --resume`. */
export async function train(
  settings: RunSettings,
  backend: Backend,
): Promise<TrainedModel | undefined> {
  const { signal, arm } = stopSignal();
  const display = new RunDisplay(process.stderr, arm);
  const { folder, state, finished } = await pretrain(settings, backend, {
    version: version(),
    onEvent: display.show,
    signal,
  });
  if (!finished) return undefined;
  const tokenizer = capabilitiesOf(settings).readsText
    ? createTokenizer(await readTokenizer(folder))
    : undefined;
  return { settings, backend, state, tokenizer };
}
