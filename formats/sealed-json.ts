import { sha256 } from '../core/sha256.js';

/**
 * A JSON object as text that notices when it changes: its last key, `digest`, is the SHA-256 of the
 * object without it, as `JSON.stringify` writes it.
 */
export function sealJson(value: object): string {
  const digest = sha256(JSON.stringify(value));
  return `${JSON.stringify({ ...value, digest }, null, 2)}\n`;
}

/**
 * What `sealJson` was given. A text without a digest is taken as it is: older versions wrote none.
 * @throws Error with a sentence's end where it is no JSON object, or has changed.
 */
export function unsealJson(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('it is no object');
  }
  const { digest, ...rest } = value as Record<string, unknown>;
  if (digest === undefined) return rest;
  if (digest === sha256(JSON.stringify(rest))) return rest;
  throw new Error('it has changed since it was written');
}
