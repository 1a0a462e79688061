/** Something that the processes of a group tell each other, and how it is read. */
export interface Told<T> {
  /** What it is: processes that ask about different things at a time are out of step. */
  readonly name: string;
  /** @throws for a value that is none. */
  parse(value: unknown): T;
}

/**
 * The processes that train one run together. Each makes the same calls in the same order, and what one alone knows (a
 * clip that cannot be read, a signal) is told to all before anybody acts on it.
 */
export interface ProcessGroup {
  readonly size: number;
  /** Which of them this one is, from 0; process 0 writes the run folder. */
  readonly index: number;
  /**
   * What every process gave to this call, in the order of their numbers. It waits for all of them.
   *
   * @throws LacunaError where a process was lost, or asks about something else.
   */
  gather<T>(told: Told<T>, own: T): Promise<readonly T[]>;
  /** Does what may keep this process from speaking: until it is done, its silence is taken for work, for up to an hour. */
  quiet<T>(work: () => Promise<T>): Promise<T>;
}

/** A process by itself. */
export const ALONE: ProcessGroup = {
  size: 1,
  index: 0,
  gather: async (_, own) => [own],
  quiet: (work) => work(),
};
