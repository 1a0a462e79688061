import { LacunaError } from '../spec/errors.js';

/** What a case is made of: numbers, words, switches and lists of them, by name. */
export type CaseParameters = Readonly<Record<string, Json>>;

type Json = number | string | boolean | null | readonly Json[];

/** `primitive/neg:shape=[2,3];regime="ties";draw=12`: a case as one line that makes it again. */
export function formatAddress(id: string, parameters: object): string {
  const parts = Object.entries(parameters).map(
    ([name, value]) => `${name}=${JSON.stringify(value)}`,
  );
  return `${id}:${parts.join(';')}`;
}

/** @throws LacunaError where the line is no address. */
export function parseAddress(address: string): { id: string; parameters: CaseParameters } {
  const colon = address.indexOf(':');
  const id = address.slice(0, Math.max(colon, 0));
  const text = address.slice(colon + 1);
  const parameters: Record<string, Json> = {};
  try {
    if (colon < 1) throw new SyntaxError('no id before a colon');
    for (const part of text === '' ? [] : text.split(';')) {
      const equals = part.indexOf('=');
      parameters[part.slice(0, equals)] = JSON.parse(part.slice(equals + 1));
    }
  } catch (error) {
    throw new LacunaError({
      what: `this is no address of a case: ${error instanceof Error ? error.message : error}`,
      got: address.slice(0, 200),
      expected: 'id:name=value;name=value, as a failure prints it',
    });
  }
  return { id, parameters };
}
