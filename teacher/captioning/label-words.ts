/**
 * The name of a class as words: `ApplyEyeMakeup` (UCF101) is "apply eye makeup", `brush__hair`
 * (HMDB51) "brush hair", "Putting [something] on a surface" (Something-Something) loses its brackets.
 * A label that has blanks already keeps its capitals; of one word in camel case, words of several
 * capitals do (`TVShow` is "TV show").
 */
export function labelWords(label: string): string {
  const spaced = label
    .replace(/[[\]]/g, '')
    .replace(/[_\s]+/g, ' ')
    .trim();
  if (spaced.includes(' ')) return spaced;
  const parts = spaced
    .replace(/(\p{Ll}|\p{N})(?=\p{Lu})/gu, '$1 ')
    .replace(/(\p{Lu})(?=\p{Lu}\p{Ll})/gu, '$1 ')
    .split(' ');
  if (parts.length === 1) return spaced;
  return parts.map((part) => (/^\p{Lu}{2,}$/u.test(part) ? part : part.toLowerCase())).join(' ');
}
