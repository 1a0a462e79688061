import {
  type DType,
  elementCount,
  type FloatType,
  formatType,
  isFloat,
  type Program,
  ProgramBuilder,
  type Shape,
  sameShape,
  type TensorType,
  type Value,
} from '../../spec/program/index.js';
import { Choices } from './choices.js';
import { MAKERS, type Maker } from './random-operations.js';

export interface RandomProgramOptions {
  /** The most operations that are drawn; each may bring a few more that prepare its operands. @defaultValue 40 */
  readonly operations?: number;
  /** The float types that occur. @defaultValue f32 */
  readonly floats?: readonly FloatType[];
  /**
   * Keep away from overflow, poles and NaN (operands of exp, log, div and their like are brought
   * into a safe range), for checks by error bounds. @defaultValue false
   */
  readonly tame?: boolean;
  /** Operations by name, primitives and composites. @defaultValue all */
  readonly only?: readonly string[];
}

/** No value has more elements. */
export const MAX_RANDOM_ELEMENTS = 200;

/**
 * A valid program made of choices: any primitive and composite, small shapes with extents 0 and 1
 * among them, values used many times and never, results handed out twice. Indices are in range and
 * casts defined, so that it runs on any inputs, such as those of `randomInputs`.
 */
export function randomProgram(
  list: readonly number[],
  options: RandomProgramOptions = {},
): Program {
  const draft = new Draft(new Choices(list), options);
  const { operations = 40, only } = options;
  const names = Object.keys(MAKERS).filter((name) => only?.includes(name) ?? true);
  for (let i = 0; i < operations && !draft.choices.spent; i++) {
    const maker = MAKERS[draft.choices.of(names)] as Maker;
    maker(draft);
  }
  return draft.finish();
}

/** A program in the making: the values that it has, and ways to come by fitting ones. */
export class Draft {
  readonly choices: Choices;
  readonly builder: ProgramBuilder;
  readonly tame: boolean;
  readonly #floats: readonly FloatType[];
  readonly #values: Value[] = [];
  #inputs = 0;

  constructor(choices: Choices, { floats = ['f32'], tame = false }: RandomProgramOptions) {
    this.choices = choices;
    this.#floats = floats;
    this.tame = tame;
    this.builder = new ProgramBuilder('random', { float: floats[0] ?? 'f32' });
    this.input({ dtype: this.float(), shape: this.shape() });
  }

  float(): FloatType {
    return this.choices.of(this.#floats);
  }

  dtype(): DType {
    return this.choices.of<DType>([...this.#floats, 'i32', 'bool', 'u8']);
  }

  /** At most three axes. */
  shape(): Shape {
    const rank = this.choices.of([2, 1, 3, 0]);
    return Array.from({ length: rank }, () => this.choices.of([2, 3, 1, 5, 0]));
  }

  input({ dtype, shape }: TensorType): Value {
    const role = isFloat(dtype) && this.choices.below(4) === 3 ? 'parameter' : 'data';
    return this.add(this.builder.input(`in_${this.#inputs++}`, dtype, shape, role));
  }

  /** Makes a value known to later operations. */
  add(value: Value): Value {
    this.#values.push(value);
    return value;
  }

  /** Adds what `make` builds unless its result would be too large to go on with. */
  addSmall(type: TensorType, make: () => Value): void {
    if (elementCount(type.shape) <= MAX_RANDOM_ELEMENTS && type.shape.length <= 6) this.add(make());
  }

  /** An earlier value that will do, most often a late one; a new input where there is none. */
  pick(accepts: (value: Value) => boolean, otherwise: () => TensorType): Value {
    const fitting = this.#values.filter(accepts);
    if (fitting.length === 0) return this.input(otherwise());
    const back = Math.min(this.choices.below(fitting.length), this.choices.below(fitting.length));
    return fitting.at(-1 - back) as Value;
  }

  /** A float value; `accepts` may ask more of its shape, which `shape` then has. */
  pickFloat(accepts: (shape: Shape) => boolean = () => true, shape?: Shape): Value {
    return this.pick(
      (value) => isFloat(value.dtype) && accepts(value.shape),
      () => ({ dtype: this.float(), shape: shape ?? this.shape() }),
    );
  }

  /** Another value of this very type, or itself. */
  like(value: Value): Value {
    return this.pick(
      ({ dtype, shape }) => dtype === value.dtype && sameShape(shape, value.shape),
      () => value,
    );
  }

  /** A value of this type: an earlier one or a new input. */
  of(type: TensorType): Value {
    return this.pick(
      (value) => formatType(value) === formatType(type),
      () => type,
    );
  }

  finish(): Program {
    const { builder, choices } = this;
    const last = this.#values.at(-1) as Value;
    builder.output('last', last);
    const count = choices.below(4);
    for (let i = 0; i < count; i++) builder.output(`out_${i}`, choices.of(this.#values));
    const program = builder.finish();
    const parameter = program.inputs.find(({ role }) => role === 'parameter');
    if (parameter !== undefined && choices.flip()) {
      builder.output(parameter.name, this.like(builder.value(parameter.name)));
    }
    return builder.finish();
  }
}
