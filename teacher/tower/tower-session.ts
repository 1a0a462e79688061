import type { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  createModelSession,
  loadOnnxRuntime,
  type OnnxRuntime,
  onnxRuntimeError,
} from '../../formats/onnx/runtime.js';
import { LacunaError } from '../../spec/errors.js';

export interface SessionOptions {
  /** Threads of one run. @defaultValue those that ONNX Runtime chooses */
  readonly threads?: number;
}

/** A tensor as it goes into a run or comes out of it. */
export interface Fed {
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array | Int32Array;
}
export interface Fetched {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** One ONNX graph, ready to run on the CPU. Its errors are sentences that name its file. */
export class TowerSession {
  readonly #where: string;
  readonly #runtime: OnnxRuntime;
  readonly #session: InferenceSession;

  private constructor(where: string, runtime: OnnxRuntime, session: InferenceSession) {
    this.#where = where;
    this.#runtime = runtime;
    this.#session = session;
  }

  /** @throws LacunaError where ONNX Runtime is missing or does not take the graph. */
  static async create(
    where: string,
    bytes: Uint8Array,
    { threads }: SessionOptions,
  ): Promise<TowerSession> {
    const runtime = await loadOnnxRuntime('teacher');
    const session = await createModelSession(runtime, where, bytes, { threads });
    return new TowerSession(where, runtime, session);
  }

  /** Runs the graph. @throws LacunaError if it fails, or an output is not of float32. */
  async run(
    feeds: Readonly<Record<string, Fed>>,
    wanted: readonly string[],
  ): Promise<readonly Fetched[]> {
    const given = Object.entries(feeds).map(([name, fed]) => [name, this.#tensor(fed)] as const);
    let results: InferenceSession.ReturnType;
    try {
      results = await this.#session.run(Object.fromEntries(given), [...wanted]);
    } catch (cause) {
      throw onnxRuntimeError(
        { where: this.#where, what: 'ONNX Runtime failed to run this file' },
        cause,
      );
    }
    return wanted.map((name) => {
      const { data, dims, type } = results[name] as Tensor;
      if (data instanceof Float32Array) return { data, dims };
      throw new LacunaError({
        where: `${this.#where}, ${name}`,
        what: 'an output is not of the element type that is needed',
        got: type,
        expected: 'float32',
        fix: 'Use the full precision conversion.',
      });
    });
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #tensor({ data, dims }: Fed): Tensor {
    const { Tensor } = this.#runtime;
    if (data instanceof Float32Array) return new Tensor('float32', data, dims);
    if (data instanceof Int32Array) return new Tensor('int32', data, dims);
    return new Tensor('int64', data, dims);
  }
}
