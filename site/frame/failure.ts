import { LacunaError } from '../../spec/errors.js';
import { element } from './browser.js';

/**
 * Says in the verdict why there is nothing: what the visitor can mend as a sentence, anything else as a defect with its
 * stack. The page's state becomes `ours`, or `broken`.
 */
export function showFailure(error: unknown, ours: string): void {
  element('verdict').textContent = failureText(error);
  element('page').setAttribute('data-state', error instanceof LacunaError ? ours : 'broken');
}

/** A failure in a sentence; what no visitor can have caused as a defect, with where it is. */
export function failureText(error: unknown): string {
  if (error instanceof LacunaError) return sentence(error);
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  return `This is a defect of Lacuna; please report it with these lines. ${message}\n${stack}`;
}

/** A message begins with a capital, unless with the name of a file or a field. */
function sentence({ message, facts }: LacunaError): string {
  return facts.where === undefined
    ? `${message.slice(0, 1).toUpperCase()}${message.slice(1)}`
    : message;
}
