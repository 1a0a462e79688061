/** Banks of workgroup memory, of 4 bytes each, and the lanes that go there together: on the GPUs of today. */
const BANKS = 32;
const LANES = 32;

/**
 * The most lanes that one bank of workgroup memory serves one after the other: 1 where none waits. Lanes that touch
 * the same word do not wait for each other; of wide accesses, as many lanes go together as fill all banks.
 *
 * @param bytes Of the access of a lane.
 * @param address Where a lane's access begins, in bytes.
 */
export function bankConflicts(bytes: number, address: (lane: number) => number): number {
  const together = Math.min(LANES, Math.max(1, Math.floor((4 * BANKS) / bytes)));
  let most = 1;
  for (let first = 0; first < LANES; first += together) {
    const words = new Map<number, Set<number>>();
    for (let lane = first; lane < first + together; lane++) {
      const start = Math.floor(address(lane) / 4);
      for (let word = start; 4 * word < address(lane) + bytes; word++) {
        const bank = word % BANKS;
        words.set(bank, (words.get(bank) ?? new Set()).add(word));
      }
    }
    most = Math.max(most, ...[...words.values()].map(({ size }) => size));
  }
  return most;
}
