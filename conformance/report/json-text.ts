/**
 * JSON in ASCII: whatever a subject calls itself, the text moves no cursor and turns no line around
 * where it is shown. Numbers that JSON cannot write are words.
 */
export function jsonText(value: unknown): string {
  const spell = (_: string, each: unknown): unknown =>
    typeof each === 'number' && !Number.isFinite(each) ? String(each) : each;
  const escaped = (unit: string): string =>
    `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value, spell, 1).replaceAll(/[\u007f-\uffff]/g, escaped)}\n`;
}
