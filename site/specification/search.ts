/** The words of what was typed, small. */
export function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** Whether a clause's text has all the words, wherever and in whatever case. */
export function clauseIsFound(text: string, words: readonly string[]): boolean {
  const own = text.toLowerCase();
  return words.every((word) => own.includes(word));
}
