import { float32, type Meanings } from '../../reference/index.js';
import type { Program } from '../../spec/program/index.js';
import { float32Backend } from '../fleet/legal.js';
import { backendSubject, type Subject } from '../subject.js';

/** A subject with one mistake in it, made by rule. */
export interface Mutant {
  /** What is wrong and where: `primitive/pad: result reversed`. */
  readonly name: string;
  readonly open: () => Subject;
  /** The checks that can see it, by the start of their ids, the likeliest first. */
  readonly seenBy: readonly string[];
}

/** A mutant of what operations mean. */
export function meaningMutant(
  name: string,
  meanings: () => Meanings,
  seenBy: readonly string[],
): Mutant {
  const arithmetic = float32({ summation: 'pairwise' });
  return { name, seenBy, open: () => backendSubject(float32Backend(name, arithmetic, meanings())) };
}

/** A mutant that rewrites the programs that it compiles. */
export function programMutant(
  name: string,
  rewrite: (program: Program) => Program,
  seenBy: readonly string[],
): Mutant {
  const open = (): Subject => {
    const backend = float32Backend(name, float32({ summation: 'pairwise' }));
    const compile = backend.compile.bind(backend);
    // Declares what was asked for, so that the mistake does not show in the types.
    backend.compile = async (program, options) => ({
      ...(await compile(rewrite(program), options)),
      program,
    });
    return backendSubject(backend);
  };
  return { name, seenBy, open };
}
