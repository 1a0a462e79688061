import { z } from 'zod';

/** The version of what processes say to each other. */
export const GROUP_VERSION: 1 = 1;
/** The longest line, in bytes: the ids and captions of a part of a batch. */
export const MAX_GROUP_LINE: number = 1 << 26;
/** The longest line of whoever has not joined: to join takes few words. */
export const MAX_JOIN_LINE: number = 1 << 12;
/** The longest silence, in seconds, that a process may announce. */
export const MAX_QUIET_SECONDS: number = 3600;

/** What processes of a group say to each other. */
export type GroupMessage =
  /** A process joins; the first line that it sends. */
  | {
      readonly type: 'join';
      readonly version: 1;
      readonly processes: number;
      readonly process: number;
    }
  /** What it gives to its gathering number `call`, which is about `name`. */
  | {
      readonly type: 'give';
      readonly call: number;
      readonly name: string;
      readonly value?: unknown;
    }
  /** What all gave to it, in the order of processes. */
  | { readonly type: 'all'; readonly call: number; readonly values: readonly unknown[] }
  /** From now on it may say nothing for so many seconds; 0: for no longer than any other. */
  | { readonly type: 'quiet'; readonly seconds: number }
  /** It lives. */
  | { readonly type: 'alive' }
  /** Why it ends, or why the group does. */
  | { readonly type: 'lost'; readonly reason: string };

const index = z.int().min(0).max(1_000_000);
const call = z.int().min(0);

const MESSAGE: z.ZodType<GroupMessage> = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('join'),
    version: z.literal(GROUP_VERSION),
    processes: index,
    process: index,
  }),
  z.strictObject({
    type: z.literal('give'),
    call,
    name: z.string().max(100),
    value: z.unknown(),
  }),
  z.strictObject({ type: z.literal('all'), call, values: z.array(z.unknown()) }),
  z.strictObject({ type: z.literal('quiet'), seconds: z.int().min(0).max(MAX_QUIET_SECONDS) }),
  z.strictObject({ type: z.literal('alive') }),
  z.strictObject({ type: z.literal('lost'), reason: z.string().max(20_000) }),
]);

/** A line as a message; undefined for one that is none. */
export function parseGroupMessage(line: string): GroupMessage | undefined {
  try {
    return MESSAGE.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
