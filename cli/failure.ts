import { LacunaError } from '../spec/errors.js';

/**
 * What a person is told about a failure: the sentence of an error that they can mend; for anything
 * else, which is a defect of ours, the stack too.
 */
export function describeFailure(error: unknown): string {
  if (error instanceof LacunaError) return `error: ${error.message}`;
  if (error instanceof RangeError && /allocation failed|array length/i.test(error.message))
    return `error: this takes more memory than there is (${error.message}). Lower the batch, or the sizes of the model and the clip.`;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `This is a defect of Lacuna; please report it with the lines below.\n${stack}`;
}
