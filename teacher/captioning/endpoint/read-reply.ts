import { z } from 'zod';
import { LacunaError } from '../../../spec/errors.js';

/** Bytes of one reply. */
export const MAX_REPLY_BYTES: number = 2 ** 20;

const CHAT_COMPLETION = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
});

/**
 * The text of a chat completion; of one that the limit of tokens has cut off, up to the end of its
 * last whole sentence, where it has one. Undefined when the body is no JSON: it may have been cut.
 *
 * @throws LacunaError when it is too large, or JSON of another kind.
 */
export async function readReply(response: Response, where: string): Promise<string | undefined> {
  const value = parse(await readBody(response, where));
  if (value === undefined) return undefined;
  const checked = CHAT_COMPLETION.safeParse(value);
  const choice = checked.data?.choices[0];
  if (choice === undefined) {
    throw new LacunaError({
      what: 'the reply is no chat completion',
      where,
      got: kindOf(value),
      expected: '{"choices": [{"message": {"content": "..."}}]}',
      fix: 'Check that --endpoint is the base of an OpenAI-compatible service; it often ends in /v1.',
    });
  }
  const text = choice.message.content ?? '';
  return choice.finish_reason === 'length' ? wholeSentences(text) : text;
}

/** What a value is, without what it says: a service may repeat the key in an error. */
function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `JSON of type ${typeof value}`;
  const keys = Object.keys(value)
    .slice(0, 5)
    .map((key) => JSON.stringify(key.slice(0, 30)));
  return `an object with ${keys.length === 0 ? 'nothing in it' : keys.join(', ')}`;
}

/** The text up to the end of its last sentence; all of it where none ends. */
function wholeSentences(text: string): string {
  const ends = [...text.matchAll(/[.!?。！？](?=\s|$)/gu)].at(-1);
  return ends === undefined ? text : text.slice(0, ends.index + 1);
}

async function readBody(response: Response, where: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > MAX_REPLY_BYTES) {
      throw new LacunaError({
        what: 'the reply is too large',
        where,
        expected: `at most ${MAX_REPLY_BYTES} bytes`,
        fix: 'Lower --max-tokens, or check that this is an OpenAI-compatible service.',
      });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
