import type { FunctionName } from '../../protocol/function-call.js';
import type { AttributeSpec, FunctionSignature, TensorSpec } from './signature.js';
import { FUNCTION_SIGNATURES } from './signatures.js';

/** The signatures as Markdown: a section for each function. */
export function describeFunctions(
  signatures: readonly FunctionSignature[] = FUNCTION_SIGNATURES,
): string {
  return signatures.map(section).join('\n');
}

function section({ attributes, inputs, outputs, ...signature }: FunctionSignature): string {
  const options = Object.entries(attributes).map(
    ([name, { type, choices, text }]) =>
      `| attribute | \`${name}\` | ${choices === undefined ? type : choices.join(', ')} | ${text} |`,
  );
  const row =
    (kind: string) =>
    ({ name, dtype, shape, text }: TensorSpec): string =>
      `| ${kind} | \`${name}\` | ${dtype} [${shape.join(', ')}] | ${text} |`;
  return [
    `#### ${signature.function}`,
    '',
    `${signature.text} Clauses: ${signature.clauses.join(', ')}.`,
    '',
    '| | name | type | |',
    '|---|---|---|---|',
    ...options,
    ...inputs.map(row('input')),
    ...outputs.map(row('output')),
    '',
    ...signature.details.flatMap((text) => [`- ${text}`]),
    ...(signature.details.length === 0 ? [] : ['']),
  ].join('\n');
}

/** The JSON Schema of the attributes of each function, and of the types of its tensors by name. */
export function functionSchemas(): Readonly<Record<FunctionName, object>> {
  return Object.fromEntries(
    FUNCTION_SIGNATURES.map((signature) => [signature.function, schema(signature)]),
  ) as Record<FunctionName, object>;
}

function schema({ text, attributes, inputs, outputs }: FunctionSignature): object {
  const properties = Object.fromEntries(
    Object.entries(attributes).map(([name, spec]) => [name, attributeSchema(spec)]),
  );
  const tensors = (list: readonly TensorSpec[]): object =>
    Object.fromEntries(list.map(({ name, dtype, shape }) => [name, { dtype, shape }]));
  return {
    description: text,
    type: 'object',
    properties,
    required: Object.keys(attributes),
    additionalProperties: false,
    'x-inputs': tensors(inputs),
    'x-outputs': tensors(outputs),
  };
}

function attributeSchema({ type, choices, text }: AttributeSpec): object {
  return choices === undefined ? { type, description: text } : { enum: choices, description: text };
}
