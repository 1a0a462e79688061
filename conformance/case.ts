import type fc from 'fast-check';
import type { HostTensor, Named } from '../core/backend.js';
import type { FunctionCall } from '../protocol/function-call.js';
import { type Bounds, bounds } from '../reference/index.js';
import type { ContractErrors } from '../spec/contracts/index.js';
import type { Program } from '../spec/program/index.js';
import type { CaseParameters } from './address.js';

/** Data for a computation, and what any right implementation makes of them. */
export interface Case {
  /** What a backend compiles; absent where a function of integers is asked for. */
  readonly program?: Program;
  /** The same computation as a call of one of the spec's functions, which a port may have natively. */
  readonly call?: FunctionCall;
  /** What `program` computes, with every constant as its formula has it. @defaultValue `program` */
  readonly oracle?: Program;
  /** Which outputs are judged. @defaultValue all */
  readonly judges?: (output: string) => boolean;
  /** The case with f64 for f32, where it is not simply that. */
  readonly inDouble?: () => Case;
  /** Runs of one executable, in order: the second shows what was kept from the first. */
  readonly runs: readonly Named<HostTensor>[];
  /**
   * The legal results of a run, under a numeric contract; where they follow from others, such as an update
   * from gradients, from those that the subject gave, if they are known.
   */
  readonly expected: (
    inputs: Named<HostTensor>,
    contract: ContractErrors,
    outputs?: Named<HostTensor>,
  ) => Named<Bounds>;
  /** Whether `expected` looks at what the subject gave. @defaultValue false */
  readonly followsOutputs?: boolean;
}

/** A case whose program is known. */
export interface ProgramCase extends Case {
  readonly program: Program;
}

/**
 * A case of a program: its bounds come from the program itself, or from an oracle that is the same with
 * every constant as its formula has it.
 */
export function programCase(
  program: Program,
  runs: Case['runs'],
  oracle: Program = program,
): ProgramCase {
  const expected: Case['expected'] = (inputs, contract) =>
    bounds(inFormat(program, oracle, contract), inputs, contract);
  return { program, oracle, runs, expected };
}

/**
 * The case of a program as a call of a function, too. Whoever implements a function has its formula and
 * no program, so that every order of sums and products is right.
 */
export function functionCase(
  { program, runs }: Pick<ProgramCase, 'program' | 'runs'>,
  call: FunctionCall,
  oracle: Program = program,
): ProgramCase {
  const expected: Case['expected'] = (inputs, contract) =>
    bounds(inFormat(program, oracle, contract), inputs, contract, { order: 'any' });
  return { program, oracle, call, runs, expected };
}

/** What holds f32 in f64 sees the literals that were folded to f32 as they stand in the program. */
function inFormat(program: Program, oracle: Program, { format }: ContractErrors): Program {
  return format('f32') === format('f64') ? program : oracle;
}

/**
 * How far up a claim reaches; each level can be claimed alone.
 * - 0: shapes, types, errors and the rules of the backend contract.
 * - 1: primitives and composites. 2: gradients. 3: masks, losses and one whole step.
 * - 4: the trajectory of a run. 5: what the demo run learns.
 */
export type Level = 0 | 1 | 2 | 3 | 4 | 5;

/** Cases of one kind, with one verdict for all. */
export interface Family {
  /** `primitive/add`, `composite/softmax/claimed`, ... */
  readonly id: string;
  readonly level: Level;
  /** The ids of the clauses (`spec/clauses`) that a failing case shows to be broken. */
  readonly clauses: readonly string[];
  /** What its cases are made of. */
  readonly parameters: fc.Arbitrary<CaseParameters>;
  /** Makes a case; equal parameters make equal cases. */
  readonly make: (parameters: CaseParameters) => Case;
  /** What a contract must keep for the cases to mean something. */
  readonly needs?: 'non-finite';
  /**
   * The parameters in whose place a contract judges others: whose products round their factors to so few bits that nothing of
   * the data were left to judge. @defaultValue the parameters themselves
   */
  readonly coarse?: (parameters: CaseParameters) => CaseParameters;
  /** How many cases of it a run has at most, where each takes long. @defaultValue as many as asked for */
  readonly most?: number;
  /** Sizes that an address may have beside those of `parameters`, where it names some by hand. */
  readonly sizes?: readonly CaseParameters[];
  /** Why fewer than 95 % of the elements can be judged, and the share that has to be judged still. */
  readonly exemption?: Exemption;
}

export interface Exemption {
  readonly judged: number;
  /** The share under a contract that rounds factors of products. @defaultValue judged */
  readonly judgedOfRoundedFactors?: number;
  readonly reason: string;
}

/** What a family says of itself beside its cases. */
export interface FamilyOptions<P = CaseParameters>
  extends Partial<Pick<Family, 'exemption' | 'needs' | 'most' | 'sizes'>> {
  /** See `Family`. */
  readonly coarse?: (parameters: P) => P;
  /** @defaultValue 2 for the gradients of composites, else 1 */
  readonly level?: Level;
  /** @defaultValue the clause of the operation that the id names */
  readonly clauses?: readonly string[];
}

/** `op.add` of `primitive/add/i32`, `op.softmax.gradient` of `composite/softmax_grad/call`. */
function operationClause(id: string): string {
  const [, name = ''] = id.split('/');
  return `op.${name.replace(/_grad$/, '.gradient')}`;
}

/** A family from an arbitrary of plain parameters and the function that makes a case of them. */
export function family<P extends CaseParameters>(
  id: string,
  parameters: fc.Arbitrary<P>,
  make: (parameters: P) => Case,
  options: FamilyOptions<P> = {},
): Family {
  const clause = operationClause(id);
  const {
    level = clause.endsWith('.gradient') ? 2 : 1,
    clauses = [clause],
    coarse,
    ...rest
  } = options;
  return {
    id,
    level,
    clauses,
    parameters,
    // Parameters come from the arbitrary above, or from an address that it was written to.
    make: (drawn) => make(drawn as P),
    ...(coarse === undefined ? {} : { coarse: (drawn) => coarse(drawn as P) }),
    ...rest,
  };
}
