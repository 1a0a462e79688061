import type { HostTensor } from '../../../core/backend.js';
import { createTokenizer, type TokenizerDefinition } from '../../../data/index.js';
import type { StateSpec } from '../../../spec/index.js';
import { type Checkpoint, CheckpointReader, noCheckpointYet } from '../../checkpoint.js';
import { classifierCheckpoint } from '../../classifier.js';
import { runTokenizer } from '../../held-to-manifest.js';
import type { FinetuneManifest, HeadClasses, RunManifest } from '../../manifest.js';
import { readManifest, readTaskManifest, taskOf } from '../../run-folder.js';
import { modelState } from '../../settings/settings.js';
import { newestStage } from '../../stages.js';
import type { TextFacts } from '../architectures/config-fields.js';

/** What settings do not tell of a model that is written. */
export interface ModelFacts extends TextFacts {
  /** Of a fine-tuned classifier: what its heads tell. */
  readonly heads?: readonly HeadClasses[];
}

/** A run whose last good checkpoint is open, its tensors read one by one. */
export class ExportedRun {
  readonly folder: string;
  /** As of the stage that the checkpoint is of. */
  readonly manifest: RunManifest | FinetuneManifest;
  /** Steps that were done. */
  readonly step: number;
  readonly state: readonly StateSpec[];
  readonly tokenizer: TokenizerDefinition | undefined;
  readonly facts: ModelFacts;
  readonly #reader: CheckpointReader;
  /** What the checkpoint calls a tensor of the state. */
  readonly #nameOf: (name: string) => string;

  private constructor(
    folder: string,
    { manifest, checkpoint, state, facts, tokenizer, nameOf = (name) => name }: OpenRun,
    reader: CheckpointReader,
  ) {
    this.folder = folder;
    this.manifest = manifest;
    this.step = checkpoint.step;
    this.state = state;
    this.tokenizer = tokenizer;
    this.facts = facts;
    this.#reader = reader;
    this.#nameOf = nameOf;
  }

  /**
   * A pretraining run, or a fine-tuned one; of averaged weights the averages, by which it is judged.
   *
   * @param onNote Told what is wrong with a checkpoint that is not taken.
   * @throws LacunaError for a folder without such a run, or a run without a good checkpoint.
   */
  static async open(folder: string, onNote: (text: string) => void): Promise<ExportedRun> {
    const isFinetuned = (await taskOf(folder)) === 'finetune';
    const run = await (isFinetuned ? openFinetuned : openPretrained)(folder, onNote);
    return new ExportedRun(folder, run, await CheckpointReader.open(run.checkpoint));
  }

  async read(spec: StateSpec): Promise<HostTensor> {
    return this.#reader.read({ ...spec, name: this.#nameOf(spec.name) });
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }
}

interface OpenRun extends Pick<ExportedRun, 'manifest' | 'state' | 'tokenizer' | 'facts'> {
  readonly checkpoint: Checkpoint;
  readonly nameOf?: (name: string) => string;
}

async function openPretrained(folder: string, onNote: (text: string) => void): Promise<OpenRun> {
  const { manifest, checkpoint } = await newestStage(folder, await readManifest(folder), onNote);
  const { settings, vocabulary } = manifest;
  if (checkpoint === undefined) {
    throw noCheckpointYet(folder, 'there are no weights to write');
  }
  const tokenizer = await runTokenizer(folder, manifest);
  const state = modelState(settings, vocabulary);
  return { manifest, checkpoint, state, tokenizer, facts: factsOf(manifest, tokenizer) };
}

const NO_TEXT: TextFacts = { vocabulary: 1, begin: null, end: null, pad: 0 };

async function openFinetuned(folder: string, onNote: (text: string) => void): Promise<OpenRun> {
  const manifest = await readTaskManifest(folder, 'finetune');
  const opened = await classifierCheckpoint(folder, manifest, onNote);
  if (opened.checkpoint === undefined) {
    throw noCheckpointYet(folder, 'there are no weights to write', 'finetune');
  }
  const facts = { ...NO_TEXT, heads: manifest.heads };
  return { ...opened, checkpoint: opened.checkpoint, manifest, tokenizer: undefined, facts };
}

function factsOf(
  { vocabulary }: RunManifest,
  definition: TokenizerDefinition | undefined,
): TextFacts {
  if (definition === undefined) return NO_TEXT;
  const { clsId, eosId, padId } = createTokenizer(definition);
  return { vocabulary, begin: clsId, end: eosId, pad: padId };
}
