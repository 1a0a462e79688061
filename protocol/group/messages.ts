import { z } from 'zod';

/** The version of what processes say to each other. */
export const GROUP_VERSION: 1 = 1;
/** The longest line, in bytes: the ids and captions of a part of a batch. */
export const MAX_GROUP_LINE: number = 1 << 26;

const index = z.int().min(0).max(1_000_000);
const reason = z.string().max(20_000);

/** A process joins; the first line that it sends. */
const JOIN = z.strictObject({
  type: z.literal('join'),
  version: z.literal(GROUP_VERSION),
  processes: index,
  process: index,
});
/** What a process gives to its `call`-th gathering, which is about `name`. */
const GIVE = z.strictObject({
  type: z.literal('give'),
  call: z.int().min(0),
  name: z.string().max(100),
  value: z.unknown(),
});
/** What all gave to it, in the order of processes. */
const ALL = z.strictObject({
  type: z.literal('all'),
  call: z.int().min(0),
  values: z.array(z.unknown()),
});
/** It lives. */
const ALIVE = z.strictObject({ type: z.literal('alive') });
/** Why it ends, or why the group does. */
const LOST = z.strictObject({ type: z.literal('lost'), reason });

const MESSAGE = z.discriminatedUnion('type', [JOIN, GIVE, ALL, ALIVE, LOST]);

export type GroupMessage = z.infer<typeof MESSAGE>;

/** A line as a message; undefined for one that is none. */
export function parseGroupMessage(line: string): GroupMessage | undefined {
  try {
    return MESSAGE.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
