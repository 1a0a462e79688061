import { createTokenizer, readTokenizer } from '../../data/index.js';
import { elementCount } from '../../spec/index.js';
import type { WeightRecord } from '../manifest.js';
import { capabilitiesOf } from '../settings/capabilities.js';
import type { RunSettings } from '../settings/config.js';
import { parseConfig } from '../settings/parse-config.js';
import { modelState, resolveSettings } from '../settings/settings.js';
import { RunWeights } from './begin-weights.js';
import { takenTensor } from './initial-weights.js';
import { openSource } from './source.js';
import { withWeights } from './with-weights.js';

/** What a run would take of a folder of weights, every tensor of it read once. */
export interface WeightExamination {
  readonly record: WeightRecord;
  /** Numbers in what is taken. */
  readonly numbers: number;
  /** The settings that follow from the weights, by key. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly resolved: RunSettings;
}

export interface ExamineOptions {
  readonly onNote: (text: string) => void;
  /** `done` of `total` tensors were read. */
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * What a run of this configuration would take of a folder, and whether all of it can be read.
 *
 * @param config What differs from the preset; the objective is one that takes all towers, if it is open.
 * @throws LacunaError as a run that begins with these weights.
 */
export async function examineWeights(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  { onNote, onProgress }: ExamineOptions,
): Promise<WeightExamination> {
  const { towers } = (await openSource(folder, onNote)).architecture;
  const objective = towers.text === undefined ? {} : { objective: 'contrastive' };
  // No clip is read, and no batch made: these stand for what a run would name.
  const whole = { batch: 2, ...objective, ...config, data: { list: 'none' }, output: 'none' };
  const written = await withWeights(whole, [folder], onNote);
  const settings = resolveSettings(parseConfig(written));
  const weights = await RunWeights.open(settings, onNote);
  try {
    const planned = await weights.plan(modelState(settings, await vocabularyOf(settings)));
    let [done, numbers] = [0, 0];
    const total = planned?.taken.reduce((sum, { tensors }) => sum + tensors.length, 0) ?? 0;
    for (const { tensors, files } of planned?.taken ?? []) {
      for (const tensor of tensors) {
        numbers += elementCount((await takenTensor(tensor, files)).shape);
        onProgress(++done, total);
      }
    }
    const [record] = planned?.records ?? [];
    if (record === undefined) throw new Error('a folder that was opened is planned');
    return { record, numbers, settings: changes(whole, written), resolved: settings };
  } finally {
    await weights.close();
  }
}

async function vocabularyOf(settings: RunSettings): Promise<number> {
  const { tokenizer } = settings.data;
  if (!capabilitiesOf(settings).readsText) return 0;
  if (tokenizer === undefined) return settings.text.vocabulary;
  return createTokenizer(await readTokenizer(tokenizer)).vocabSize;
}

/** The leaves of `after` that `before` has not, by their key paths. */
function changes(before: unknown, after: unknown, path: string = ''): Record<string, unknown> {
  if (typeof after !== 'object' || after === null || Array.isArray(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? {} : { [path]: after };
  }
  const former: Readonly<Record<string, unknown>> =
    typeof before === 'object' && before !== null ? { ...before } : {};
  return Object.assign(
    {},
    ...Object.entries(after).map(([key, value]) =>
      changes(former[key], value, path === '' ? key : `${path}.${key}`),
    ),
  );
}
