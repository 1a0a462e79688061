import type { Backend, DeviceTensor, Executable, HostTensor, Named } from '../core/backend.js';
import type { Tokenizer } from '../data/index.js';
import { LacunaError, type Model } from '../spec/index.js';
import type { Aligner } from './aligner.js';
import { tableTensor } from './initialize.js';
import type { RunSettings } from './settings/config.js';

/** A trained (or untrained) model with what it takes to run it. */
export interface TrainedModel {
  readonly settings: RunSettings;
  readonly backend: Backend;
  /** Parameters and statistics by name. */
  readonly state: Named<HostTensor>;
  /** Needed by the contrastive objectives with a text encoder only. */
  readonly tokenizer: Tokenizer | undefined;
  /** Needed to embed captions of a model that was aligned with a frozen teacher. */
  readonly teacher?: Pick<Aligner, 'embedTexts'>;
}

/** A program on a device with the state that it reads: run it, then dispose of it. */
export class OpenProgram {
  readonly #backend: Backend;
  readonly #executable: Executable;
  readonly #resident: Readonly<Record<string, DeviceTensor>>;

  private constructor(
    backend: Backend,
    executable: Executable,
    resident: Readonly<Record<string, DeviceTensor>>,
  ) {
    this.#backend = backend;
    this.#executable = executable;
    this.#resident = resident;
  }

  /** @throws LacunaError where the state lacks a tensor that the program reads. */
  static async open(
    { backend, state }: Pick<TrainedModel, 'backend' | 'state'>,
    { program }: Model,
  ): Promise<OpenProgram> {
    const resident: Record<string, DeviceTensor> = {};
    const opened = new OpenProgram(backend, await backend.compile(program), resident);
    try {
      for (const input of program.inputs) {
        if (input.role === 'data') continue;
        const tensor = input.role === 'constant' ? tableTensor(input) : state[input.name];
        if (tensor === undefined)
          throw new LacunaError({ where: input.name, what: 'the state lacks this tensor' });
        resident[input.name] = await backend.upload(tensor);
      }
      return opened;
    } catch (error) {
      await opened.dispose();
      throw error;
    }
  }

  async run(feeds: Named<HostTensor>): Promise<Named<HostTensor>> {
    const backend = this.#backend;
    const fed: Record<string, DeviceTensor> = {};
    for (const [name, tensor] of Object.entries(feeds)) fed[name] = await backend.upload(tensor);
    const outputs = await this.#executable.run({ ...this.#resident, ...fed });
    const results: Record<string, HostTensor> = {};
    for (const [name, tensor] of Object.entries(outputs)) {
      results[name] = await backend.download(tensor);
      backend.release(tensor);
    }
    for (const tensor of Object.values(fed)) backend.release(tensor);
    return results;
  }

  async dispose(): Promise<void> {
    for (const tensor of Object.values(this.#resident)) this.#backend.release(tensor);
    await this.#executable.dispose();
  }
}

/** Compiles a program with the model's state on the device, for as long as `body` runs it. */
export async function withProgram<R>(
  model: Pick<TrainedModel, 'backend' | 'state'>,
  program: Model,
  body: (run: (feeds: Named<HostTensor>) => Promise<Named<HostTensor>>) => Promise<R>,
): Promise<R> {
  const opened = await OpenProgram.open(model, program);
  try {
    return await body((feeds) => opened.run(feeds));
  } finally {
    await opened.dispose();
  }
}

/** Items of one call of an embedding program. */
export const EMBEDDING_BATCH = 16;

/** The rows of output `embedding` of all items; the last batch is filled up with its last item. */
export async function embedRows<T>(
  run: (feeds: Named<HostTensor>) => Promise<Named<HostTensor>>,
  items: readonly T[],
  feeds: (batch: readonly T[]) => Named<HostTensor>,
  size: number = EMBEDDING_BATCH,
): Promise<readonly Float32Array[]> {
  const rows: Float32Array[] = [];
  for (let start = 0; start < items.length; start += size) {
    const batch = Array.from(
      { length: size },
      (_, index) => items[Math.min(start + index, items.length - 1)] as T,
    );
    const { embedding } = await run(feeds(batch));
    const data = embedding?.data as Float32Array;
    const width = data.length / size;
    for (let row = 0; row < size && start + row < items.length; row++) {
      rows.push(data.slice(row * width, (row + 1) * width));
    }
  }
  return rows;
}
