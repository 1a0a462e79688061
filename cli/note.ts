/** A sentence for a person beside what a command prints: on the error output. */
export function note(sentence: string): void {
  console.error(sentence);
}
