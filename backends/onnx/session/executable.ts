import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { DeviceTensor, Executable, HostData, Named } from '../../../core/backend.js';
import { checkedInputs } from '../../../core/check-run.js';
import type { LiveTensors } from '../../../core/held-tensor.js';
import { ELEMENT_TYPES } from '../../../formats/onnx/element-type.js';
import { type OnnxRuntime, onnxRuntimeError } from '../../../formats/onnx/runtime.js';
import { LacunaError } from '../../../spec/errors.js';
import {
  elementCount,
  type Program,
  type Shape,
  type TensorType,
} from '../../../spec/program/index.js';
import { runInPlace } from './run-in-place.js';
import { type OnnxTensor, runtimeTensor } from './tensor.js';

/** A program output, and the output of the graph that has its elements. */
export interface OutputBinding extends TensorType {
  readonly name: string;
  readonly graph: { readonly name: string; readonly shape: Shape };
}

export interface ExecutableParts {
  readonly runtime: OnnxRuntime;
  readonly session: InferenceSession;
  readonly program: Program;
  readonly outputs: readonly OutputBinding[];
  /** Input name to output name. */
  readonly donate: Named<string>;
  /** The donated inputs that are overwritten by their outputs. */
  readonly inPlace: ReadonlySet<string>;
  readonly live: LiveTensors<HostData>;
  /** Whether the session writes a trace at its end. */
  readonly traces: boolean;
  readonly compileSeconds: number;
}

/**
 * A program as a session of ONNX Runtime. An output is written over the donated input that it replaces where
 * nothing reads the input after that (`lowering/in-place.ts`). Else feeds and fetches are never the same memory,
 * and a donated input's becomes the fetch of its output in the next run: after two runs, a step allocates
 * no state.
 */
export class OnnxExecutable implements Executable {
  readonly program: Program;
  readonly compileSeconds: number;
  readonly #parts: ExecutableParts;
  /** Free memory by output name. */
  readonly #spare = new Map<string, HostData[]>();
  #disposed = false;

  constructor(parts: ExecutableParts) {
    this.program = parts.program;
    this.compileSeconds = parts.compileSeconds;
    this.#parts = parts;
  }

  async run(inputs: Named<DeviceTensor>): Promise<Named<DeviceTensor>> {
    const { program, session, outputs, donate, inPlace, live, runtime } = this.#parts;
    if (this.#disposed) {
      throw new LacunaError({ where: program.name, what: 'the executable was disposed of' });
    }
    const given = checkedInputs(program, donate, inputs, live.isOwn);
    const feeds: Record<string, Tensor> = {};
    for (const [name, input] of given) feeds[name] = runtimeTensor(runtime, input, input.memory);
    const results: HostData[] = [];
    const fetches: Record<string, Tensor> = {};
    const overwritten = new Map<string, HostData>();
    for (const input of inPlace) {
      overwritten.set(donate[input] as string, (given.get(input) as OnnxTensor).memory);
    }
    for (const { name, dtype, graph } of outputs) {
      const spare = overwritten.get(name) ?? this.#spare.get(name)?.pop();
      const data = spare ?? ELEMENT_TYPES[dtype].allocate(elementCount(graph.shape));
      results.push(data);
      fetches[graph.name] = runtimeTensor(runtime, { dtype, shape: graph.shape }, data);
    }
    const freed: [string, HostData][] = [];
    for (const [input, output] of Object.entries(donate)) {
      const tensor = given.get(input) as OnnxTensor;
      if (!inPlace.has(input)) freed.push([output, tensor.memory]);
      tensor.end('donated');
    }
    try {
      await runInPlace(session, feeds, fetches);
    } catch (cause) {
      throw onnxRuntimeError(
        { where: program.name, what: 'ONNX Runtime failed to run the program' },
        cause,
      );
    }
    for (const [output, data] of freed) {
      const spares = this.#spare.get(output);
      if (spares === undefined) this.#spare.set(output, [data]);
      else spares.push(data);
    }
    return Object.fromEntries(
      outputs.map((output, i) => [output.name, live.keep(output, results[i] as HostData)]),
    );
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#spare.clear();
    if (this.#parts.traces) this.#parts.session.endProfiling();
    await this.#parts.session.release();
  }
}
