import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { DeviceTensor, Executable, Named } from '../../../core/backend.js';
import { LacunaError } from '../../../spec/errors.js';
import {
  formatType,
  type Program,
  sameShape,
  type TensorType,
} from '../../../spec/program/index.js';
import { runInPlace } from './run-in-place.js';
import type { Runtime } from './runtime.js';
import { type LiveTensors, makeTensor, OnnxTensor } from './tensor.js';

export interface ExecutableParts {
  readonly runtime: Runtime;
  readonly session: InferenceSession;
  readonly program: Program;
  /** The type of each program output, in order, and its name in the graph. */
  readonly outputs: readonly (TensorType & { readonly name: string; readonly graphName: string })[];
  /** Input name to output name. */
  readonly donate: Named<string>;
  readonly live: LiveTensors;
  readonly compileSeconds: number;
}

/**
 * A program as a session of ONNX Runtime. Feeds and fetches are never the same memory, because a
 * node may read an old value after its successor was written. A donated input's memory becomes
 * the fetch of its output in the next run: after two runs, a step allocates no state.
 */
export class OnnxExecutable implements Executable {
  readonly program: Program;
  readonly compileSeconds: number;
  readonly #parts: ExecutableParts;
  /** Free memory by output name. */
  readonly #spare = new Map<string, Tensor[]>();
  #disposed = false;

  constructor(parts: ExecutableParts) {
    this.program = parts.program;
    this.compileSeconds = parts.compileSeconds;
    this.#parts = parts;
  }

  async run(inputs: Named<DeviceTensor>): Promise<Named<DeviceTensor>> {
    const { program, session, outputs, donate, live, runtime } = this.#parts;
    if (this.#disposed) {
      throw new LacunaError({ where: program.name, what: 'the executable was disposed of' });
    }
    const given = this.#checked(inputs);
    const feeds: Record<string, Tensor> = {};
    for (const [name, input] of given) feeds[name] = input.tensor;
    const fetches: Record<string, Tensor> = {};
    for (const output of outputs) {
      fetches[output.graphName] =
        this.#spare.get(output.name)?.pop() ?? makeTensor(runtime, output);
    }
    const freed: [string, Tensor][] = [];
    for (const [input, output] of Object.entries(donate)) {
      const tensor = given.get(input);
      if (tensor === undefined) continue;
      freed.push([output, tensor.tensor]);
      tensor.end('donated');
    }
    try {
      await runInPlace(session, feeds, fetches);
    } catch (cause) {
      throw runtimeError(program.name, 'ONNX Runtime failed to run the program', cause);
    }
    for (const [output, tensor] of freed) {
      this.#spare.set(output, [...(this.#spare.get(output) ?? []), tensor]);
    }
    return Object.fromEntries(
      outputs.map((output) => [
        output.name,
        new OnnxTensor(output, fetches[output.graphName] as Tensor, live),
      ]),
    );
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#spare.clear();
    await this.#parts.session.release();
  }

  /** The inputs by name, each of the declared type, of this backend, and donated at most once. */
  #checked(inputs: Named<DeviceTensor>): Map<string, OnnxTensor> {
    const { program, donate, live } = this.#parts;
    const given = new Map<string, OnnxTensor>();
    const uses = new Map<OnnxTensor, string>();
    for (const input of program.inputs) {
      const tensor = inputs[input.name];
      if (!(tensor instanceof OnnxTensor) || tensor.owner !== live) {
        throw new LacunaError({
          where: `${program.name}: ${input.name}`,
          what: tensor === undefined ? 'the input is missing' : 'the tensor is of another backend',
          expected: formatType(input),
        });
      }
      if (tensor.dtype !== input.dtype || !sameShape(tensor.shape, input.shape)) {
        throw new LacunaError({
          where: `${program.name}: ${input.name}`,
          what: 'the input has the wrong type',
          got: formatType(tensor),
          expected: formatType(input),
        });
      }
      const other = uses.get(tensor);
      if (other !== undefined && (input.name in donate || other in donate)) {
        throw new LacunaError({
          where: `${program.name}: ${input.name}`,
          what: `a donated tensor is also the input ${other}`,
          fix: 'Pass a copy.',
        });
      }
      uses.set(tensor, input.name);
      given.set(input.name, tensor);
    }
    return given;
  }
}

/** An error of ONNX Runtime, in one sentence. */
export function runtimeError(where: string, what: string, cause: unknown): LacunaError {
  const got = cause instanceof Error ? cause.message : String(cause);
  return new LacunaError(
    { where, what, got: got.replaceAll(/\s+/g, ' ').slice(0, 500) },
    { cause },
  );
}
