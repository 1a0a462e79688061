import { type Call, compositeNamed, type Program } from '../../spec/program/index.js';
import { formatAttributes, programLines } from './print.js';

/**
 * The meanings of the composites that a program calls, itself or within them: the body for each
 * combination of types and attributes, once, in the order of first use. Empty where nothing is
 * called.
 *
 * ```
 *
 * define softmax(x)
 * input %operand_0 : f32[2,3] data
 * %reduce_max = reduce_max %operand_0 {axes=[1], keep=true} : f32[2,1]
 * ...
 * output y = %div
 * end
 * ```
 *
 * It may follow the text of the program: `printProgram(p) + printComposites(p)` tells the whole
 * meaning in primitives. `parseProgram` accepts it only where it is exactly this text.
 */
export function printComposites(program: Program): string {
  const seen = new Set<string | Program>();
  let text = '';
  const define = (caller: Program): void => {
    const types = new Map(caller.inputs.map((input) => [input.name, input]));
    const waiting: Program[] = [];
    for (const operation of caller.operations) {
      for (const result of operation.results) types.set(result.name, { ...result, role: 'data' });
      if (operation.op !== 'call') continue;
      const operands = operation.operands.map((name) => types.get(name) as Program['inputs'][0]);
      const body = compositeNamed(operation.composite).trace(
        operands,
        operation.attributes,
      ).program;
      if (seen.has(body)) continue; // most often a trace that was kept
      const block = definition(operation, body);
      if (seen.has(block)) continue;
      seen.add(body).add(block);
      text += block;
      waiting.push(body);
    }
    for (const body of waiting) define(body);
  };
  define(program);
  return text;
}

function definition(call: Call, body: Program): string {
  const { operands } = compositeNamed(call.composite);
  const names = operands.slice(0, call.operands.length).map((name) => name.replace('?', ''));
  const head = `define ${call.composite}(${names.join(', ')})${formatAttributes(call.attributes)}`;
  return ['', head, ...programLines(body), ''].join('\n');
}
