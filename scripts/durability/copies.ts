import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Makes a folder once, and does something to copies of it, `count` of them, one after the other. All of it
 * lies in memory where the system has such a place, and is gone in the end.
 *
 * @param make Makes the folder, and whatever is to lie beside it in `base`.
 * @param spoil Is told the number of the copy; `true` ends it before its time.
 */
export async function onCopies(
  count: number,
  make: (whole: string, base: string) => Promise<void>,
  spoil: (copy: string, index: number) => Promise<true | undefined>,
): Promise<void> {
  const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const base = mkdtempSync(join(memory, 'lacuna-copies-'));
  const whole = join(base, 'whole');
  const copy = join(base, 'copy');
  try {
    await make(whole, base);
    for (let i = 0; i < count; i++) {
      cpSync(whole, copy, { recursive: true });
      if (await spoil(copy, i)) return;
      rmSync(copy, { recursive: true });
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}
