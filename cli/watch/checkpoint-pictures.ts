import { type Strip, strips } from '../../evaluation/index.js';
import { DEFAULT_BACKEND, videoConfigOf } from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { EvaluationDisplay } from '../evaluation-display.js';
import { openBackend } from '../open-backend.js';
import { collectExamples } from '../report/collect-report.js';

/** Pictures of clips, made by a checkpoint. */
export interface Pictures {
  /** The checkpoint's step; null before the first pictures. */
  readonly step: number | null;
  readonly clips: readonly {
    readonly id: string;
    readonly caption: string | null;
    readonly strips: readonly Strip[];
  }[];
  /** Why there are none of the newest checkpoint, in a sentence; null where there are. */
  readonly problem: string | null;
}

/**
 * Masks and reconstructions of a run, made anew for each checkpoint that is asked for, one at a time and on
 * one thread of the CPU: the run goes first.
 */
export class CheckpointPictures {
  readonly #folder: string;
  readonly #examples: number;
  #made: Pictures = { step: null, clips: [], problem: null };
  /** The step that was tried last, whether it went well or not. */
  #tried: number | undefined;
  #making: Promise<void> | undefined;

  /** @param examples Clips that are shown. */
  constructor(folder: string, examples: number) {
    this.#folder = folder;
    this.#examples = examples;
  }

  /** Those that are made. Where there are none of checkpoint `step` they are begun, and come later. */
  of(step: number | null): Pictures & { readonly isMaking: boolean } {
    if (step !== null && this.#examples > 0 && step !== this.#tried && this.#making === undefined) {
      this.#tried = step;
      this.#making = this.#make().finally(() => {
        this.#making = undefined;
      });
    }
    return { ...this.#made, isMaking: this.#making !== undefined };
  }

  /** Waits for what is being made. */
  async settled(): Promise<void> {
    await this.#making;
  }

  /** Of the newest checkpoint that is good, which may be another than the one that was seen. */
  async #make(): Promise<void> {
    try {
      const { manifest, step, examples } = await collectExamples(
        this.#folder,
        { examples: this.#examples },
        () => openBackend({ backend: { name: DEFAULT_BACKEND, threads: 1 } }),
        new EvaluationDisplay(SILENT),
      );
      const { settings } = manifest;
      const clips = examples.map((example) => ({
        id: example.id,
        caption: example.caption ?? null,
        strips: strips(example, videoConfigOf(settings), settings.mae.target),
      }));
      this.#made = { step, clips, problem: null };
    } catch (error) {
      // A checkpoint that is removed while it is read makes room for a newer one, which is tried then.
      const problem = error instanceof LacunaError ? error.message : String(error);
      this.#made = { ...this.#made, problem };
    }
  }
}

/** What is left out is told on the page of problems, and there is nobody at the terminal. */
const SILENT = { write: () => true };
