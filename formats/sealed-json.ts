import { sha256 } from '../core/sha256.js';

/**
 * A JSON object as text that notices when it changes: its last keys are `sealed`, true, and `digest`,
 * the SHA-256 of the object with `sealed` and without it, as `JSON.stringify` writes it. Two keys,
 * since one alone whose name has changed would look like a text that was never sealed.
 */
export function sealJson(value: object): string {
  const sealed = { ...value, sealed: true };
  return `${JSON.stringify({ ...sealed, digest: sha256(JSON.stringify(sealed)) }, null, 2)}\n`;
}

/**
 * What `sealJson` was given. A text that was never sealed is taken as it is: older versions wrote such.
 * @throws Error with a sentence's end where it is no JSON object, or has changed.
 */
export function unsealJson(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('it is no object');
  }
  const { digest, ...rest } = value as Record<string, unknown>;
  const { sealed, ...given } = rest;
  if (digest === undefined && sealed === undefined) return given;
  if (digest === sha256(JSON.stringify(rest))) return given;
  throw new Error('it has changed since it was written');
}
