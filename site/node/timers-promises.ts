/** After so many milliseconds. */
export function setTimeout(milliseconds: number): Promise<void> {
  return new Promise((resolve) => globalThis.setTimeout(resolve, milliseconds));
}

/** After what waits already. */
export function setImmediate(): Promise<void> {
  return setTimeout(0);
}
