/** The longest name of a value, an output or a program, in characters. */
export const MAX_NAME_LENGTH = 512;

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * Whether a value, an output or a program may have this name: A-Z a-z 0-9 _ . - without a leading
 * dot or dash, at most 512 characters, and no property that every JavaScript object has
 * (`__proto__`, `constructor`): tensors are handed over in objects by name.
 */
export function isLegalName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && NAME.test(name) && !(name in Object.prototype);
}
