import type { MemoryHabits } from '../../../core/backend.js';
import type { Kernel } from '../lowering/kernel.js';
import { HARDWARE } from '../lowering/kernels/tiling.js';

/**
 * What predictions go by that lower no program. The packing is that of the steps in `predicted.test.ts`:
 * what their buffers take over the values that must lie in memory at a time.
 */
export const MEMORY_HABITS: MemoryHabits = {
  device: 'own',
  donated: 'in place',
  between: 'kept',
  fuses: true,
  whole: [],
  streamsFrom: HARDWARE.attention.from,
  scoreBytes: HARDWARE.attention.scoreBytes,
  packing: 2,
};

/** Memory of values between kernels: each has a buffer, and a buffer holds one at a time. */
export interface MemoryPlan {
  /** Bytes of each buffer. */
  readonly buffers: readonly number[];
  /** The buffer of each part of a value, by `partKey`. */
  readonly bufferOf: ReadonlyMap<string, number>;
  /** The most bytes that are in use at a time: no plan takes less. */
  readonly floor: number;
}

export function partKey(value: string, part: number): string {
  return `${part} ${value}`;
}

/**
 * Puts values into buffers by when they are first written and last read: each into the free one that
 * fits it best, or the largest free one made larger. None is freed before the kernel that reads
 * it last has been passed, since a kernel must not bind a buffer both to read and to write.
 *
 * @param bytes The bytes of each part of a value that needs a buffer; undefined for others.
 */
export function planMemory(
  kernels: readonly Kernel[],
  bytes: (value: string) => readonly number[] | undefined,
): MemoryPlan {
  const lastUse = new Map<string, number>();
  kernels.forEach(({ bindings }, index) => {
    for (const { value } of bindings) if (bytes(value) !== undefined) lastUse.set(value, index);
  });
  const buffers: number[] = [];
  const bufferOf = new Map<string, number>();
  const free = new Set<number>();
  let used = 0;
  let floor = 0;
  kernels.forEach(({ bindings }, index) => {
    const values = new Set(bindings.map(({ value }) => value).filter((name) => lastUse.has(name)));
    for (const value of values) {
      (bytes(value) as readonly number[]).forEach((size, part) => {
        const key = partKey(value, part);
        if (bufferOf.has(key)) return;
        bufferOf.set(key, take(size));
        used += size;
      });
    }
    floor = Math.max(floor, used);
    for (const value of values) {
      if (lastUse.get(value) !== index) continue;
      (bytes(value) as readonly number[]).forEach((size, part) => {
        free.add(bufferOf.get(partKey(value, part)) as number);
        used -= size;
      });
    }
  });
  return { buffers, bufferOf, floor };

  function take(size: number): number {
    const sizes = [...free].sort((a, b) => (buffers[a] as number) - (buffers[b] as number));
    const found = sizes.find((buffer) => (buffers[buffer] as number) >= size) ?? sizes.at(-1);
    if (found === undefined) return buffers.push(size) - 1;
    free.delete(found);
    buffers[found] = Math.max(buffers[found] as number, size);
    return found;
  }
}
