import type { StateSpec } from '../../spec/index.js';
import type { WeightRecord } from '../manifest.js';
import type { RunFolder } from '../run-folder.js';
import { capabilitiesOf } from '../settings/capabilities.js';
import type { RunSettings } from '../settings/config.js';
import type { TowerName } from './architectures/architecture.js';
import { requireDemands } from './demands.js';
import { grouped } from './grouped-names.js';
import { type Taken, writeInitialWeights } from './initial-weights.js';
import { planTransfer } from './plan-transfer.js';
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

  private constructor(settings: RunSettings, open: readonly OpenSource[]) {
    this.#settings = settings;
    this.#open = open;
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
        }
        for (const note of architecture.notes) onNote(`${folder}: ${note}`);
        open.push({ source, towers, files: await source.open() });
      }
      return new RunWeights(settings, open);
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
