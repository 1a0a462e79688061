/// <reference types="@webgpu/types" />

/** Seconds that one submission is to take: far below what a desktop's watchdog allows. */
const SLICE_SECONDS = 0.05;
/** Submissions that wait on the device while the next one is written. */
const IN_FLIGHT = 2;

/**
 * Cuts work into submissions of some 50 ms, by the rate at which the device was seen to work, so
 * that no watchdog resets it and a desktop stays usable.
 */
export class Pacer {
  readonly #queue: GPUQueue;
  readonly #waiting: Promise<void>[] = [];
  /** Work a second; what a slow device does until one was measured. */
  #rate = 2e9;
  #lastEnd = 0;

  constructor(queue: GPUQueue) {
    this.#queue = queue;
  }

  /** The work that the next submission may hold. */
  get budget(): number {
    return this.#rate * SLICE_SECONDS;
  }

  /** Submits, and waits while too much is under way. */
  async submit(commands: GPUCommandBuffer, work: number): Promise<void> {
    const start = performance.now();
    this.#queue.submit([commands]);
    this.#waiting.push(
      this.#queue.onSubmittedWorkDone().then(() => {
        const end = performance.now();
        const seconds = (end - Math.max(start, this.#lastEnd)) / 1000;
        this.#lastEnd = end;
        // Small submissions measure the wait, not the work.
        if (work < this.#rate * 0.005 || seconds <= 0) return;
        this.#rate += 0.3 * (Math.min(work / seconds, this.#rate * 4) - this.#rate);
      }),
    );
    while (this.#waiting.length > IN_FLIGHT) await this.#waiting.shift();
  }

  /** Waits for all that was submitted. */
  async idle(): Promise<void> {
    await Promise.all(this.#waiting.splice(0));
  }
}
