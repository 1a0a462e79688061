import type { HostTensor } from '../../../core/backend.js';
import { createTokenizer, type TokenizerDefinition } from '../../../data/index.js';
import type { StateSpec } from '../../../spec/index.js';
import { CheckpointReader, noCheckpointYet } from '../../checkpoint.js';
import { runTokenizer } from '../../held-to-manifest.js';
import type { RunManifest } from '../../manifest.js';
import { readManifest } from '../../run-folder.js';
import { modelState } from '../../settings/settings.js';
import { newestStage } from '../../stages.js';
import type { TextFacts } from '../architectures/config-fields.js';

/** A run whose last good checkpoint is open, its tensors read one by one. */
export class ExportedRun {
  readonly folder: string;
  /** As of the stage that the checkpoint is of. */
  readonly manifest: RunManifest;
  /** Steps that were done. */
  readonly step: number;
  readonly state: readonly StateSpec[];
  readonly tokenizer: TokenizerDefinition | undefined;
  readonly facts: TextFacts;
  readonly #reader: CheckpointReader;

  private constructor(
    folder: string,
    manifest: RunManifest,
    step: number,
    state: readonly StateSpec[],
    tokenizer: TokenizerDefinition | undefined,
    reader: CheckpointReader,
  ) {
    this.folder = folder;
    this.manifest = manifest;
    this.step = step;
    this.state = state;
    this.tokenizer = tokenizer;
    this.facts = factsOf(manifest, tokenizer);
    this.#reader = reader;
  }

  /**
   * @param onNote Told what is wrong with a checkpoint that is not taken.
   * @throws LacunaError for a folder without a run, or a run without a good checkpoint.
   */
  static async open(folder: string, onNote: (text: string) => void): Promise<ExportedRun> {
    const { manifest, checkpoint } = await newestStage(folder, await readManifest(folder), onNote);
    const { settings, vocabulary } = manifest;
    if (checkpoint === undefined) {
      throw noCheckpointYet(folder, 'there are no weights to write');
    }
    const tokenizer = await runTokenizer(folder, manifest);
    const state = modelState(settings, vocabulary);
    const reader = await CheckpointReader.open(checkpoint);
    return new ExportedRun(folder, manifest, checkpoint.step, state, tokenizer, reader);
  }

  async read(spec: StateSpec): Promise<HostTensor> {
    return this.#reader.read(spec);
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }
}

function factsOf(
  { vocabulary }: RunManifest,
  definition: TokenizerDefinition | undefined,
): TextFacts {
  if (definition === undefined) return { vocabulary: 1, begin: null, end: null, pad: 0 };
  const { clsId, eosId, padId } = createTokenizer(definition);
  return { vocabulary, begin: clsId, end: eosId, pad: padId };
}
