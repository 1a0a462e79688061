import { MAX_FRAMES, MAX_LINE, messageSchemas, PROTOCOL } from '../../protocol/messages.js';
import { LacunaError } from '../../spec/errors.js';
import { describeFunctions, functionSchemas } from '../functions/describe.js';
import { describeOperations } from './describe-operations.js';

/** Messages and functions as one JSON document of JSON Schemas. */
export function protocolSchema(): object {
  return {
    protocol: PROTOCOL,
    'longest line': MAX_LINE,
    'longest frames': MAX_FRAMES,
    messages: messageSchemas(),
    functions: functionSchemas(),
  };
}

/** The page with its generated parts made anew: what stands between its marks. */
export function protocolPage(page: string): string {
  const parts = {
    messages: messages(),
    functions: describeFunctions(),
    operations: describeOperations(),
  };
  return Object.entries(parts).reduce((text, [name, part]) => replacePart(text, name, part), page);
}

function replacePart(page: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name}: generated -->`, `<!-- end of ${name} -->`];
  const [before, rest] = page.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new LacunaError({
      where: 'docs/protocol.md',
      what: 'a mark is missing',
      expected: start,
    });
  }
  return `${before}${start}\n\n${text.trim()}\n\n${end}${after}`;
}

interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
}

function messages(): string {
  const rows = Object.entries(messageSchemas()).flatMap(([sender, schemas]) =>
    Object.entries(schemas).map(([type, schema]) => {
      const { description = '', properties = {} } = schema as Described;
      const fields = Object.keys(properties).filter((name) => name !== 'type');
      return `| ${sender} | \`${type}\` | ${fields.join(', ')} | ${description} |`;
    }),
  );
  return ['| from | type | fields | |', '|---|---|---|---|', ...rows].join('\n');
}
