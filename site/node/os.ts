const GIB = 2 ** 30;

/** What of `node:os` the sources call. Browsers tell the memory of a machine in coarse steps, or not at all. */
export function totalmem(): number {
  const { deviceMemory = 4 } = (
    globalThis as unknown as { readonly navigator: { readonly deviceMemory?: number } }
  ).navigator;
  return deviceMemory * GIB;
}

export function hostname(): string {
  return 'browser';
}

export function homedir(): string {
  return '/home';
}

export function tmpdir(): string {
  return '/tmp';
}

export function availableParallelism(): number {
  return 1;
}

export function endianness(): 'LE' {
  return 'LE';
}
