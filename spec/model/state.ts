import {
  type FloatType,
  type Program,
  ProgramBuilder,
  type Role,
  type Shape,
  type Value,
} from '../program/index.js';

/** How a state tensor starts. Draws come from the `parameter` stream, by the tensor's name. */
export type Init =
  | { readonly kind: 'constant'; readonly value: number }
  /** Uniform over [-bound, bound]. */
  | { readonly kind: 'uniform'; readonly bound: number }
  /** Gaussian of this standard deviation, redrawn until within `cut` standard deviations. */
  | { readonly kind: 'normal'; readonly std: number; readonly cut?: number };

export const ZEROS: Init = { kind: 'constant', value: 0 };
export const ONES: Init = { kind: 'constant', value: 1 };

/** Xavier (Glorot) uniform: bound = sqrt(6 / (inputs + outputs)). */
export function xavier(inputs: number, outputs: number): Init {
  return { kind: 'uniform', bound: Math.sqrt(6 / (inputs + outputs)) };
}

/** PyTorch's default of Linear and Conv (Kaiming uniform with a = sqrt 5): bound = 1 / sqrt(inputs). */
export function fanIn(inputs: number): Init {
  return { kind: 'uniform', bound: 1 / Math.sqrt(inputs) };
}

/**
 * How the embedding of patches, or that of encoded tokens in the decoder, starts.
 * - `fan-in`: weight and bias by `fanIn`, as VideoMAE's code leaves them to PyTorch.
 * - `xavier`: the weight by `xavier`, for wide cubes about twice as wide; the bias 0.
 */
export const EMBEDDING_STARTS = ['fan-in', 'xavier'] as const;
export type EmbeddingStart = (typeof EMBEDDING_STARTS)[number];

/** How weight [outputs, inputs] and bias [outputs] of an embedding start. */
export function embeddingInit(
  start: EmbeddingStart,
  inputs: number,
  outputs: number,
): { readonly init: Init; readonly biasInit: Init } {
  const own = fanIn(inputs);
  return start === 'fan-in'
    ? { init: own, biasInit: own }
    : { init: xavier(inputs, outputs), biasInit: ZEROS };
}

/** A named tensor that persists from step to step. */
export interface StateSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly role: Role;
  readonly init: Init;
  /** Whether weight decay applies (parameters). */
  readonly decay: boolean;
  /** How much of it, where it is this parameter's own. @defaultValue the optimiser's */
  readonly weightDecay?: number;
  /** The factor of this parameter's learning rate. @defaultValue 1 */
  readonly learningRateScale?: number;
  /** Bounds that the value is cut to after each update (learnable temperature). */
  readonly clamp?: { readonly low: number; readonly high: number };
}

/** A model's program with the state that it reads. */
export interface Model {
  readonly program: Program;
  readonly state: readonly StateSpec[];
}

type ParameterOptions = Partial<
  Pick<StateSpec, 'decay' | 'weightDecay' | 'clamp' | 'learningRateScale'>
>;

/** How parameters are trained. */
export type Learning = Pick<StateSpec, 'weightDecay' | 'learningRateScale'>;

/** A program builder that also collects the state which the program declares. */
export class ModelBuilder {
  readonly program: ProgramBuilder;
  readonly #state: StateSpec[] = [];
  #learning: Learning = {};

  constructor(name: string, float: FloatType = 'f32') {
    this.program = new ProgramBuilder(name, { float });
  }

  scope<T>(name: string, body: () => T): T {
    return this.program.scope(name, body);
  }

  /** Runs `body`; the parameters that it declares get the learning rate 0, which also stops their decay. */
  withoutUpdates<T>(body: () => T): T {
    return this.learning({ learningRateScale: 0 }, body);
  }

  /** Runs `body`; the parameters that it declares are trained so. */
  learning<T>(how: Learning, body: () => T): T {
    const before = this.#learning;
    this.#learning = { ...before, ...how };
    try {
      return body();
    } finally {
      this.#learning = before;
    }
  }

  /**
   * A parameter, called by the scope and `name`.
   * Weight decay leaves out vectors and scalars by default (VideoMAE's `get_parameter_groups`).
   */
  parameter(name: string, shape: Shape, init: Init, options: ParameterOptions = {}): Value {
    return this.#declare(name, shape, 'parameter', init, {
      decay: shape.length > 1,
      ...this.#learning,
      ...options,
    });
  }

  /** A statistic that the step replaces, such as a running mean. */
  statistic(name: string, shape: Shape, init: Init): Value {
    return this.#declare(name, shape, 'statistic', init, { decay: false });
  }

  /** A table made by a spec function: see `makeTable`. */
  table(name: string, shape: Shape, source: string): Value {
    return this.program.input(name, this.program.float, shape, 'constant', source);
  }

  finish(): Model {
    return { program: this.program.finish(), state: [...this.#state] };
  }

  #declare(
    name: string,
    shape: Shape,
    role: Role,
    init: Init,
    options: ParameterOptions & { readonly decay: boolean },
  ): Value {
    const value = this.program.input(name, this.program.float, shape, role);
    this.#state.push({ name: value.name, shape, role, init, ...options });
    return value;
  }
}
