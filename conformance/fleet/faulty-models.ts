import { float32 } from '../../reference/index.js';
import type { Operation, Program } from '../../spec/program/index.js';
import type { Fault } from './faulty.js';
import { float32Backend } from './legal.js';

/** Faults in how a tower is put together: right operations, wrongly joined. */
export const MODEL_FAULTS: readonly Fault[] = [
  // Blocks have `add` (x + time), `add_2` (x + space) and `add_3`.
  fault('space attention added to what time attention gave', 'space_time', (program) =>
    rewired(program, /^encoder\.\d+\.add_2$/, 0, ({ block }) => `${block}.add`),
  ),
  fault('time attention left out', 'space_time', (program) =>
    rewired(program, /^encoder\.\d+\.norm1\./, 0, ({ block }) => {
      const timed = producer(program, `${block}.add`);
      return timed?.operands[0] ?? `${block}.add`;
    }),
  ),
  fault('time attention behind the norm of space', 'space_time', (program) =>
    rewired(program, /^encoder\.\d+\.norm3\./, 1, ({ block }) => `${block}.norm1.weight`),
  ),
  fault('places for slots in the positions', 'space_time', (program) =>
    rewired(program, /^encoder\.add$/, 1, ({ operation }) => operation.operands[0] ?? ''),
  ),
  fault('the class token over the queries for keys', 'space_time', (program) =>
    // The class token's own call is the one whose keys are those of all tokens.
    rewired(program, /^encoder\.\d+\.(time|attn)\.attention_2$/, 1, ({ operation }) => {
      const [query = ''] = operation.operands;
      return producer(program, query)?.operands[0] ?? query;
    }),
  ),
  fault('text without its segment', 'text', (program) =>
    rewired(program, /^text\.embed\.norm\./, 0, () => 'text.add'),
  ),
  fault('text without the norm of its embeddings', 'text', (program) =>
    bypassed(program, /^text\.embed\.norm\./),
  ),
  fault('text without the norms behind attention', 'text', (program) =>
    bypassed(program, /^text\.\d+\.norm1\./),
  ),
  fault('text with an MLP that is added to what was before attention', 'text', (program) =>
    rewired(program, /^text\.\d+\.add_2$/, 0, ({ block }) => {
      const attended = producer(program, `${block}.add`);
      return attended?.operands[0] ?? `${block}.add`;
    }),
  ),
  fault('text that sees its padding', 'text', (program) => ({
    ...program,
    operations: program.operations.map((operation) =>
      operation.op === 'call' && operation.composite === 'attention'
        ? { ...operation, operands: operation.operands.slice(0, 3) }
        : operation,
    ),
  })),
];

function fault(name: string, tower: string, rewrite: (program: Program) => Program): Fault {
  const open = (): ReturnType<typeof float32Backend> => {
    const backend = float32Backend(name, float32({ summation: 'pairwise' }));
    const compile = backend.compile.bind(backend);
    // Declares what was asked for, so that the mistake does not show in the types.
    backend.compile = async (program, options) => ({
      ...(await compile(program.name === `model_${tower}` ? rewrite(program) : program, options)),
      program,
    });
    return backend;
  };
  return { name, foundBy: `function/model.${tower}`, open };
}

interface Place {
  readonly operation: Operation;
  /** The scope of the block: `encoder.3`. */
  readonly block: string;
}

/** The program with one operand exchanged in each operation whose first result is called so. */
function rewired(
  program: Program,
  results: RegExp,
  index: number,
  other: (place: Place) => string,
): Program {
  const operations = program.operations.map((operation): Operation => {
    const name = operation.results[0]?.name ?? '';
    if (!results.test(name)) return operation;
    const block = name.split('.').slice(0, 2).join('.');
    const operands = operation.operands.map((operand, i) =>
      i === index ? other({ operation, block }) : operand,
    );
    return { ...operation, operands };
  });
  return { ...program, operations };
}

/** The program in which what reads the results of these operations reads their first operand. */
function bypassed(program: Program, results: RegExp): Program {
  const instead = new Map(
    program.operations
      .filter((operation) => results.test(operation.results[0]?.name ?? ''))
      .map((operation) => [operation.results[0]?.name ?? '', operation.operands[0] ?? '']),
  );
  const operations = program.operations.map(
    (operation): Operation => ({
      ...operation,
      operands: operation.operands.map((operand) => instead.get(operand) ?? operand),
    }),
  );
  return { ...program, operations };
}

function producer(program: Program, value: string): Operation | undefined {
  return program.operations.find((operation) =>
    operation.results.some(({ name }) => name === value),
  );
}
