import { LacunaError } from '../../spec/errors.js';
import type {
  Attributes,
  AttributeValue,
  Operation,
  Program,
  ProgramInput,
  ProgramOutput,
  Role,
} from '../../spec/program/index.js';
import { ProgramChecker } from '../check.js';
import { MAX_TEXT_LENGTH } from '../limits.js';
import { shorten } from '../shorten.js';
import type { LineScanner } from './line-scanner.js';
import { HEADER } from './print.js';
import { printComposites } from './print-composites.js';
import { TextReader } from './text-reader.js';

/**
 * The program of a canonical text: see `printProgram` for the grammar. No other text is accepted, so
 * that `printProgram(parseProgram(text))` is the text (without the composites' meanings, which must
 * be those of `printComposites` where they are given).
 *
 * @param where What messages call the text: a file's name.
 * @throws LacunaError with line and column for any text that is not the text of a valid program.
 */
export function parseProgram(text: string, where: string = 'program text'): Program {
  if (text.length > MAX_TEXT_LENGTH) {
    throw new LacunaError({
      where,
      what: 'the text is too long',
      got: `${text.length} characters`,
      expected: `at most ${MAX_TEXT_LENGTH}`,
    });
  }
  const reader = new TextReader(text, where);
  const header = reader.line();
  if (!header.skip(HEADER)) {
    header.fail({
      what: 'this is no program that this version of Lacuna can read',
      expected: `'${HEADER}'`,
    });
  }
  header.end();
  const parser = new ProgramParser(reader);
  const program = parser.program();
  const rest = reader.remainder();
  if (rest !== '') requireComposites(rest, printComposites(program), reader);
  return program;
}

class ProgramParser {
  readonly #reader: TextReader;

  constructor(reader: TextReader) {
    this.#reader = reader;
  }

  program(): Program {
    let line = this.#reader.line();
    line.expect('name ');
    const name = line.name();
    line.end();
    const checker = this.#checked(() => new ProgramChecker(name));

    const inputs: ProgramInput[] = [];
    const operations: Operation[] = [];
    const outputs: ProgramOutput[] = [];
    line = this.#reader.line();
    for (; line.skip('input '); line = this.#reader.line()) {
      const input = inputOf(line);
      this.#checked(() => checker.input(input));
      inputs.push(input);
    }
    for (; line.skip('%'); line = this.#reader.line()) {
      const operation = operationOf(line);
      this.#checked(() => checker.operation(operation));
      operations.push(operation);
    }
    for (; line.skip('output '); line = this.#reader.line()) {
      const output = outputOf(line);
      this.#checked(() => checker.output(output));
      outputs.push(output);
    }
    line.expect('end');
    line.end();
    return { name, inputs, operations, outputs };
  }

  /** Runs a check of what the last line declares; its error says which line that was. */
  #checked<T>(check: () => T): T {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      const where = `${this.#reader.place}: ${error.facts.where}`;
      throw new LacunaError({ ...error.facts, where }, { cause: error });
    }
  }
}

function inputOf(line: LineScanner): ProgramInput {
  const name = line.value();
  line.expect(' : ');
  const type = line.type();
  line.expect(' ');
  const role = line.word('a role') as Role;
  if (!line.skip(' ')) {
    line.end();
    return { name, ...type, role };
  }
  return { name, ...type, role, source: line.rest() };
}

function operationOf(line: LineScanner): Operation {
  // the first % is passed
  const names = [line.name()];
  while (line.skip(', ')) names.push(line.value());
  line.expect(' = ');
  const op = line.word('an operation');
  const composite = op === 'call' ? { composite: calledComposite(line) } : {};
  const operands = line.skip(' %') ? [line.name()] : [];
  if (operands.length > 0) while (line.skip(', ')) operands.push(line.value());
  const attributes = attributesOf(line);
  line.expect(' : ');
  const types = line.list(() => line.type());
  line.end();
  if (types.length !== names.length) {
    line.fail({
      what: 'there must be one type a result',
      got: String(types.length),
      expected: String(names.length),
    });
  }
  const results = types.map((type, index) => ({ name: names[index] as string, ...type }));
  return { op, ...composite, operands, attributes, results } as Operation;
}

function calledComposite(line: LineScanner): string {
  line.expect(' ');
  return line.word('the name of a composite');
}

function attributesOf(line: LineScanner): Attributes {
  if (!line.skip(' {')) return {};
  let previous = '';
  const entries = line.list((): [string, AttributeValue] => {
    const name = line.word('an attribute');
    if (name <= previous) {
      line.fail({ what: 'attributes must be sorted and given once', got: shorten(name) });
    }
    previous = name;
    line.expect('=');
    return [name, line.attribute()];
  });
  line.expect('}');
  return Object.fromEntries(entries);
}

function outputOf(line: LineScanner): ProgramOutput {
  const name = line.name();
  line.expect(' = ');
  const value = line.value();
  line.end();
  return { name, value };
}

function requireComposites(text: string, meanings: string, reader: TextReader): void {
  if (text === meanings) return;
  const lines = meanings.split('\n');
  const got = text.split('\n', lines.length);
  const differing = lines.findIndex((line, i) => line !== got[i]);
  const last = lines.length - 1; // empty: the text ends with a newline
  const index = differing === -1 ? last : differing;
  throw new LacunaError({
    where: reader.placeAfter(index),
    what: 'what follows the program is not the meaning of its composites in this version of Lacuna',
    got: `'${shorten(got[index] ?? 'the end of the text')}'`,
    expected: index === last ? 'the end of the text' : `'${shorten(lines[index] ?? '')}'`,
    fix: 'Leave out all that follows the first end, or print the program anew.',
  });
}
