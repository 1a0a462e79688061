import { setTimeout } from 'node:timers/promises';

/** Milliseconds that what process 0 sees on a shared disk may take until others see it, and between two looks. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 200;

/**
 * Looks at a shared disk until what is there is what process 0 has seen, for a minute at most.
 *
 * @returns What the last look found.
 * @throws what the last look threw.
 */
export async function lookFor<T>(
  look: () => Promise<T>,
  isIt: (found: T) => boolean,
  patience: number = PATIENCE_MS,
): Promise<T> {
  const until = performance.now() + patience;
  for (;;) {
    const isLast = performance.now() >= until;
    try {
      const found = await look();
      if (isLast || isIt(found)) return found;
    } catch (error) {
      if (isLast) throw error;
    }
    await setTimeout(PAUSE_MS);
  }
}
