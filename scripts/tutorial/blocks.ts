/** A fenced block of code of a page. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a page that name a language, in their order. */
export function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
}

/** The words of a line of shell, quotes taken off; a comment ends it. */
export function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
    if (word.startsWith('#')) break;
    words.push(word.replace(/"([^"]*)"|'([^']*)'/g, (_, a?: string, b?: string) => a ?? b ?? ''));
  }
  return words;
}

/** The words behind `lacuna` of each call of it in a text of shell, one a line. */
export function callsOf(text: string): readonly (readonly string[])[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap((line) => {
      const [, call] =
        /^\s*(?:\$ )?(?:lacuna|npm run --silent lacuna --) (?!program 1$)(.*)$/.exec(line) ?? [];
      return call === undefined ? [] : [wordsOf(call)];
    });
}
