import { Option } from 'commander';

/** The flag of every command that tells a result: it is one JSON document on standard output, and nothing else is. */
export const jsonOption = (): Option => new Option('--json', 'print the result as JSON');

/** What `visibleStreams` would spell as no JSON may have it. */
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A result as one JSON document, indented by two; characters that are not seen are escaped. */
export function jsonText(result: unknown): string {
  return escaped(JSON.stringify(result, null, 2));
}

function escaped(text: string): string {
  return text.replace(UNSEEN, (found) =>
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** Prints a result as `--json` asks for. */
export function printJson(result: unknown): void {
  console.log(jsonText(result));
}

/** Prints a result on one line: that of a command which goes on after it. */
export function printJsonLine(result: unknown): void {
  console.log(escaped(JSON.stringify(result)));
}
