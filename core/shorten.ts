const LONGEST = 80;

/** A text for a message, cut where a hostile one would fill the screen. */
export function shorten(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`;
}
