import { LacunaError } from '../../spec/errors.js';

/** The sentence that a call is refused with. @throws what else it throws, which is a defect. */
export function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return sentenceOf(error);
  }
  return NOT_REFUSED;
}

/** The same of what is awaited. */
export async function refusalOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return sentenceOf(error);
  }
  return NOT_REFUSED;
}

const NOT_REFUSED = 'it is not refused';

function sentenceOf(error: unknown): string {
  if (error instanceof LacunaError) return error.message;
  throw error;
}
