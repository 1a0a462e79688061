import type { Kernel } from '../lowering/kernel.js';

/** Memory of values between kernels: each lies in a slot, and a slot holds one at a time. */
export interface SlotPlan {
  /** Bytes of each slot. */
  readonly slots: readonly number[];
  /** The slot of each value part, by `value part`. */
  readonly slotOf: ReadonlyMap<string, number>;
  /** The most bytes that are in use at a time: no plan takes less. */
  readonly floor: number;
}

export function slotKey(value: string, part: number): string {
  return `${part} ${value}`;
}

/**
 * Puts values into slots by when they are first written and last read: each into the free slot that
 * fits it best, or the largest free one made larger. No slot is freed before the kernel that reads
 * it last has been passed, since a kernel must not bind a buffer both to read and to write.
 *
 * @param bytes The bytes of each part of a value that needs a slot; undefined for others.
 */
export function planSlots(
  kernels: readonly Kernel[],
  bytes: (value: string) => readonly number[] | undefined,
): SlotPlan {
  const lastUse = new Map<string, number>();
  kernels.forEach(({ bindings }, index) => {
    for (const { value } of bindings) if (bytes(value) !== undefined) lastUse.set(value, index);
  });
  const slots: number[] = [];
  const slotOf = new Map<string, number>();
  const free = new Set<number>();
  let used = 0;
  let floor = 0;
  kernels.forEach(({ bindings }, index) => {
    const values = new Set(bindings.map(({ value }) => value).filter((name) => lastUse.has(name)));
    for (const value of values) {
      (bytes(value) as readonly number[]).forEach((size, part) => {
        const key = slotKey(value, part);
        if (slotOf.has(key)) return;
        slotOf.set(key, take(size));
        used += size;
      });
    }
    floor = Math.max(floor, used);
    for (const value of values) {
      if (lastUse.get(value) !== index) continue;
      (bytes(value) as readonly number[]).forEach((size, part) => {
        free.add(slotOf.get(slotKey(value, part)) as number);
        used -= size;
      });
    }
  });
  return { slots, slotOf, floor };

  function take(size: number): number {
    const sizes = [...free].sort((a, b) => (slots[a] as number) - (slots[b] as number));
    const found = sizes.find((slot) => (slots[slot] as number) >= size) ?? sizes.at(-1);
    if (found === undefined) return slots.push(size) - 1;
    free.delete(found);
    slots[found] = Math.max(slots[found] as number, size);
    return found;
  }
}
