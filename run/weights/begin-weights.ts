import { LacunaError, type StateSpec } from '../../spec/index.js';
import type { WeightRecord } from '../manifest.js';
import type { RunFolder } from '../run-folder.js';
import { capabilitiesOf } from '../settings/capabilities.js';
import type { RunSettings } from '../settings/config.js';
import type { TowerName } from './architectures/architecture.js';
import { requireDemands } from './demands.js';
import { grouped } from './grouped-names.js';
import { type Taken, writeInitialWeights } from './initial-weights.js';
import { planTransfer, type TransferPlan } from './plan-transfer.js';
import { openSource, requireTower, type WeightSource } from './source.js';
import type { WeightFiles } from './weight-files.js';

interface OpenSource {
  readonly source: WeightSource;
  readonly towers: readonly TowerName[];
  readonly files: WeightFiles;
}

/** The folders that a run's first weights come from, open and held to its settings. */
export class RunWeights {
  readonly #settings: RunSettings;
  readonly #open: readonly OpenSource[];
  readonly #onNote: (text: string) => void;

  private constructor(
    settings: RunSettings,
    open: readonly OpenSource[],
    onNote: (text: string) => void,
  ) {
    this.#settings = settings;
    this.#open = open;
    this.#onNote = onNote;
  }

  /** @throws LacunaError for a folder that cannot be used, and for settings that its weights contradict. */
  static async open(settings: RunSettings, onNote: (text: string) => void): Promise<RunWeights> {
    const open: OpenSource[] = [];
    try {
      for (const [folder, towers] of sourcesOf(settings)) {
        const source = await openSource(folder, onNote);
        const { architecture } = source;
        for (const name of towers) {
          requireDemands(settings, requireTower(source, name).demands, folder);
          if (name === 'text') checkTokenizer(source, settings, onNote);
        }
        for (const note of architecture.notes) onNote(`${folder}: ${note}`);
        open.push({ source, towers, files: await source.open() });
      }
      return new RunWeights(settings, open, onNote);
    } catch (error) {
      for (const { files } of open) await files.close();
      throw error;
    }
  }

  /**
   * What is taken for a model's state, planned from names and shapes; nothing is read but for digests.
   * @throws LacunaError as `planTransfer`.
   */
  async plan(state: readonly StateSpec[]): Promise<PlannedWeights | undefined> {
    if (this.#open.length === 0) return undefined;
    const records: WeightRecord[] = [];
    const taken: Taken[] = [];
    for (const { source, towers, files } of this.#open) {
      const { folder, architecture } = source;
      const transfer = { architecture, towers, folder, tensors: files.tensors };
      const plan = planTransfer(transfer, this.#settings, state);
      this.#noteRows(folder, files, plan);
      taken.push({ tensors: plan.taken, files });
      records.push({
        folder,
        model: architecture.model,
        towers,
        digest: await source.digest(files),
        taken: plan.taken.length,
        anew: { count: plan.anew.length, names: grouped(plan.anew) },
        leftOut: { count: plan.leftOut.length, names: grouped(plan.leftOut) },
      });
    }
    return new PlannedWeights(records, taken);
  }

  async close(): Promise<void> {
    for (const { files } of this.#open) await files.close();
  }

  /** A table may have more rows than the tokenizer has ids: padding, or the sign of another tokenizer. */
  #noteRows(folder: string, files: WeightFiles, { taken }: TransferPlan): void {
    const tokens = taken.find(({ spec }) => spec.name === 'text.tokens');
    const rows = files.tensors.get(tokens?.from[0] ?? '')?.shape[0];
    const ids = tokens?.spec.shape[0];
    if (rows === undefined || ids === undefined || rows === ids) return;
    this.#onNote(
      `${folder}: the token table has ${rows} rows, the tokenizer ${ids} ids; the first ${ids} rows are taken.`,
    );
  }
}

/** What a run takes, ready to be written into its folder. */
export class PlannedWeights {
  readonly records: readonly WeightRecord[];
  readonly taken: readonly Taken[];

  constructor(records: readonly WeightRecord[], taken: readonly Taken[]) {
    this.records = records;
    this.taken = taken;
  }

  /** Counts of each folder, as a person reads them. */
  sentence(): string {
    return this.records
      .map(
        ({ model, folder, taken, anew, leftOut }) =>
          `${model} from ${folder}: ${taken} tensors taken, ${anew.count} made anew, ${leftOut.count} left out.`,
      )
      .join(' ');
  }

  /** Writes what a run begins with, and says what its manifest has of it. */
  async save({ initial }: Pick<RunFolder, 'initial'>): Promise<{
    readonly from: readonly WeightRecord[];
    readonly initial: { readonly bytes: number; readonly sha256: string };
  }> {
    const { bytes, sha256 } = await writeInitialWeights(initial, this.taken);
    return { from: this.records, initial: { bytes, sha256 } };
  }
}

/** @throws LacunaError where a tokenizer would be trained: its ids would be other words than the weights'. */
function checkTokenizer(
  { folder, tokenizer: own }: WeightSource,
  { data: { tokenizer } }: RunSettings,
  onNote: (text: string) => void,
): void {
  if (tokenizer === undefined) {
    throw new LacunaError({
      where: 'data.tokenizer',
      what: 'a text encoder that begins with weights needs the tokenizer that they were trained with',
      got: `nothing beside text.init, ${folder}`,
      ...(own === undefined ? {} : { fix: `Set data.tokenizer to ${own}.` }),
    });
  }
  if (own !== undefined && own !== tokenizer) {
    onNote(
      `${tokenizer} is not the tokenizer beside the weights in ${folder}: ids must mean the same words in both.`,
    );
  }
}

/** Each folder once, with the towers that the run takes of it. */
function sourcesOf(settings: RunSettings): ReadonlyMap<string, readonly TowerName[]> {
  const { encoder, text } = settings;
  const sources = new Map<string, TowerName[]>();
  if (encoder.init !== undefined) sources.set(encoder.init, ['video']);
  if (text.init !== undefined && capabilitiesOf(settings).readsText) {
    sources.set(text.init, [...(sources.get(text.init) ?? []), 'text']);
  }
  return sources;
}
