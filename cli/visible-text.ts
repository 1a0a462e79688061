/**
 * What a terminal obeys, does not show, or shows elsewhere than it stands: control characters (C0,
 * DEL, C1), marks of direction and other format characters, halves of surrogate pairs, separators of
 * lines. The joiners U+200C and U+200D stay: words and emoji are spelled with them.
 */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A text in which all that would not be seen is spelled `\u{1b}`; new lines and tabs stay. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, (found) =>
    found === '\n' || found === '\t' ? found : spelled(found),
  );
}

/** The same of a text that shall stay on one line: new lines and tabs are spelled, too. */
export function visibleLine(text: string): string {
  return text.replace(UNSEEN, spelled);
}

function spelled(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/**
 * Makes every text that is written to these streams visible from now on, whoever writes it: names,
 * captions, ports, reports and files may hold anything. Bytes pass as they are: only what moves the
 * cursor on purpose writes them (`TerminalLine`).
 */
export function visibleStreams(...streams: readonly NodeJS.WriteStream[]): void {
  for (const stream of streams) {
    const seen = (chunk: unknown): unknown =>
      typeof chunk === 'string' ? visibleText(chunk) : chunk;
    const write = stream.write.bind(stream) as (...all: unknown[]) => boolean;
    const end = stream.end.bind(stream) as (...all: unknown[]) => NodeJS.WriteStream;
    stream.write = (chunk: unknown, ...rest: unknown[]): boolean => write(seen(chunk), ...rest);
    // The system's own does not call `write`.
    stream.end = (chunk?: unknown, ...rest: unknown[]): NodeJS.WriteStream =>
      end(seen(chunk), ...rest);
  }
}
