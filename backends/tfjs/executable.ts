import type { DeviceTensor, Executable, Named } from '../../core/backend.js';
import { checkedInputs } from '../../core/check-run.js';
import type { LiveTensors } from '../../core/held-tensor.js';
import { declarations } from '../../core/passes/rewrite.js';
import { LacunaError } from '../../spec/errors.js';
import type { Program, TensorType } from '../../spec/program/index.js';
import type { Tfjs, TfjsTensor, TfTensor } from './library/tfjs.js';
import type { Lowered } from './lowering/lower.js';
import type { Step } from './lowering/lowering.js';

export interface ExecutableParts {
  readonly tf: Tfjs;
  /** Makes the backend's TensorFlow.js backend the current one. */
  readonly enter: () => void;
  readonly program: Program;
  readonly lowered: Lowered;
  /** Input name to output name. */
  readonly donate: Named<string>;
  readonly live: LiveTensors<TfTensor>;
  readonly compileSeconds: number;
}

/**
 * A program as calls of TensorFlow's eager operations, one after the other. Every tensor that a
 * run makes is freed after its last use, by the program's own liveness.
 */
export class TfjsExecutable implements Executable {
  readonly program: Program;
  readonly compileSeconds: number;
  readonly #parts: ExecutableParts;
  readonly #types: ReadonlyMap<string, TensorType>;
  /** Literals, made once. */
  readonly #literals = new Map<string, TfTensor>();
  readonly #steps: readonly Step[];
  /** For each step, the values that nothing after it needs. */
  readonly #ended: readonly (readonly string[])[];
  #disposed = false;

  constructor(parts: ExecutableParts) {
    this.program = parts.program;
    this.compileSeconds = parts.compileSeconds;
    this.#parts = parts;
    this.#types = declarations(parts.program);
    const { steps, outputs } = parts.lowered;
    this.#steps = steps.filter(({ operands }) => operands.length > 0);
    this.#ended = endings(this.#steps, outputs);
    parts.enter();
    for (const { operands, result, apply } of steps) {
      if (operands.length === 0) this.#literals.set(result, apply(parts.tf, []));
    }
  }

  async run(inputs: Named<DeviceTensor>): Promise<Named<DeviceTensor>> {
    const { program, donate, enter, live } = this.#parts;
    if (this.#disposed) {
      throw new LacunaError({ where: program.name, what: 'the executable was disposed of' });
    }
    const given = checkedInputs(program, donate, inputs, live.isOwn);
    // A handle that was released is refused here, before anything runs.
    for (const tensor of given.values()) void tensor.memory;
    enter();
    try {
      return this.#evaluate(given);
    } finally {
      for (const name of Object.keys(donate)) given.get(name)?.end('donated');
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const tensor of this.#literals.values()) tensor.dispose();
    this.#literals.clear();
  }

  #evaluate(given: ReadonlyMap<string, TfjsTensor>): Named<DeviceTensor> {
    const { tf, program, lowered, live } = this.#parts;
    const values = new Map(this.#literals);
    for (const [name, tensor] of given) values.set(name, tensor.memory);
    const made = new Set<TfTensor>();
    try {
      this.#steps.forEach(({ operands, result, apply }, index) => {
        const tensor = apply(
          tf,
          operands.map((name) => values.get(name) as TfTensor),
        );
        values.set(result, tensor);
        made.add(tensor);
        for (const name of this.#ended[index] ?? []) {
          const ended = values.get(name);
          // An input or a literal is not the run's to free.
          if (ended !== undefined && made.delete(ended)) ended.dispose();
        }
      });
      const results = lowered.outputs.map((value, i): [string, TfjsTensor] => {
        const { name, value: declared } = program.outputs[i] as Program['outputs'][number];
        const { dtype, shape } = this.#types.get(declared) as TensorType;
        // A handle of its own, though an input or another output be the same tensor.
        const held = tf.clone(values.get(value) as TfTensor);
        return [name, live.keep({ dtype, shape }, held)];
      });
      return Object.fromEntries(results);
    } catch (cause) {
      const got = cause instanceof Error ? cause.message : String(cause);
      throw new LacunaError(
        { where: program.name, what: 'TensorFlow failed to run the program', got: short(got) },
        { cause },
      );
    } finally {
      for (const tensor of made) tensor.dispose();
    }
  }
}

/** For each step, what is used there for the last time: outputs live on. */
function endings(steps: readonly Step[], outputs: readonly string[]): string[][] {
  const kept = new Set(outputs);
  const lastUse = new Map<string, number>();
  steps.forEach(({ operands, result }, index) => {
    for (const name of [...operands, result]) lastUse.set(name, index);
  });
  const ended: string[][] = steps.map(() => []);
  for (const [name, index] of lastUse) if (!kept.has(name)) ended[index]?.push(name);
  return ended;
}

function short(message: string): string {
  return message.replaceAll(/\s+/g, ' ').slice(0, 500);
}
