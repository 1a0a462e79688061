import { LacunaError } from '../../spec/errors.js';

/** Templates, and characters of one, that are taken. */
const MAX_TEMPLATES = 32;
const LONGEST_TEMPLATE = 2000;

/**
 * Refuses templates that do not say where the label goes. `{}` and `{label}` stand for it.
 *
 * @param option The option that they come from, for messages.
 */
export function checkTemplates(option: string, templates: readonly string[]): void {
  if (templates.length === 0 || templates.length > MAX_TEMPLATES) {
    throw new LacunaError({
      where: option,
      what: 'the number of templates is wrong',
      got: String(templates.length),
      expected: `1 to ${MAX_TEMPLATES}`,
    });
  }
  for (const template of templates) {
    const places = template.match(/\{[^{}]*\}/g) ?? [];
    const known = places.length > 0 && places.every((place) => PLACES.includes(place));
    if (known && template.length <= LONGEST_TEMPLATE) continue;
    throw new LacunaError({
      where: option,
      what: known ? 'the template is too long' : 'the template does not say where the label goes',
      got: JSON.stringify(template.slice(0, 80)),
      expected: known
        ? `at most ${LONGEST_TEMPLATE} characters`
        : '{label} (or {}) and no other name in braces',
      fix: `For example: ${option} "a video of {label}".`,
    });
  }
}

const PLACES: readonly string[] = ['{}', '{label}'];

/** The template with the words of the label in their place. */
export function fillTemplate(template: string, words: string): string {
  return template.replaceAll(/\{(?:label)?\}/g, () => words);
}
