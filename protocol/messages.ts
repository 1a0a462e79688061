import { z } from 'zod';
import { CONTRACT_NAMES, type NumericContract } from '../spec/contracts/index.js';
import type { DType, Shape } from '../spec/program/index.js';
import { Breakdown } from './breakdown.js';
import { FUNCTION_NAMES, type FunctionCall, type FunctionName } from './function-call.js';

/** The version of the protocol; a change that an old port cannot follow takes the next number. */
export const PROTOCOL: 1 = 1;
/** The longest control line, in bytes, its end included. */
export const MAX_LINE: number = 1 << 20;
/** The longest frames of one message, in bytes altogether. */
export const MAX_FRAMES: number = 1 << 28;
/** The longest frame of a tensor that a port is to keep, or had kept, in bytes. */
export const MAX_KEPT: number = 2 ** 32 - 1;

/** The most tensors that one message names. */
const MAX_HANDLES = 65_536;

/** The line before the frames of tensors says so much of each. */
export interface TensorHeader {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly bytes: number;
}

interface Numbered<T extends string> {
  readonly type: T;
  readonly id: number;
}
interface Carrying<T extends string> extends Numbered<T> {
  readonly tensors: readonly TensorHeader[];
}

/** What the harness sends. */
export type Request =
  | { readonly type: 'hello'; readonly protocol: number; readonly spec: string }
  | Carrying<'echo'>
  | (Numbered<'raise'> & { readonly message: string })
  | (Carrying<'call'> & {
      readonly function: string;
      readonly attributes: FunctionCall['attributes'];
    })
  | (Numbered<'compile'> & {
      readonly program: number;
      readonly bytes: number;
      readonly donate?: readonly number[];
      readonly rows?: readonly number[];
    })
  | (Carrying<'run'> & { readonly program: number })
  | (Numbered<'release'> & { readonly program: number })
  | (Carrying<'upload'> & { readonly rows?: boolean })
  | (Numbered<'download'> & { readonly handles: readonly number[] })
  | (Numbered<'free'> & { readonly handles: readonly number[] })
  | (Numbered<'execute'> & {
      readonly program: number;
      readonly inputs: readonly number[];
      readonly donated: readonly number[];
      readonly outputs: readonly number[];
    })
  | { readonly type: 'bye' };

/** `program`: it runs programs. `resident`: it keeps their tensors between runs, too. */
export type PortCapability = 'program' | 'resident';

/** What a port says of itself. */
export interface PortHello {
  readonly type: 'hello';
  readonly protocol: number;
  readonly name: string;
  readonly version: string;
  readonly device: string;
  readonly contract: NumericContract;
  readonly deterministic: boolean;
  readonly functions: readonly FunctionName[];
  readonly floats: readonly ('f64' | 'f32')[];
  readonly capabilities: readonly PortCapability[];
  readonly claims: readonly string[];
  readonly devices?: number;
}

/** What a port sends. */
export type Reply =
  | PortHello
  | Carrying<'result'>
  | (Numbered<'unsupported'> & { readonly reason: string })
  | (Numbered<'error'> & { readonly message: string });

const id = z.int().min(0).describe('Chosen by the harness; the answer repeats it.');
const text = (most: number): z.ZodString => z.string().max(most);

const DTYPES = ['f64', 'f32', 'f16', 'bf16', 'i32', 'u8', 'bool'] as const;

const tensor = z
  .strictObject({
    name: text(300),
    dtype: z.enum(DTYPES),
    shape: z.array(z.int().min(0)).max(16),
    bytes: z.int().min(0).max(MAX_KEPT).describe('The length of its frame.'),
  })
  .describe('A tensor whose elements follow the line: little-endian, row-major, nothing between.');
const tensors = z.array(tensor).max(4096);

const attribute = z.union([
  z.number(),
  z.string().max(300),
  z.boolean(),
  z.array(z.number()).max(1024),
]);

const hello = z
  .strictObject({
    type: z.literal('hello'),
    protocol: z.literal(PROTOCOL),
    spec: text(20).describe('The version of the specification.'),
  })
  .describe('The first line. The port answers with its own hello.');
const echo = z
  .strictObject({ type: z.literal('echo'), id, tensors })
  .describe('Send back the same tensors: a test of the protocol layer.');
const raise = z
  .strictObject({ type: z.literal('raise'), id, message: text(300) })
  .describe('Answer with an error that has this message: a test of the protocol layer.');
const call = z
  .strictObject({
    type: z.literal('call'),
    id,
    function: text(100),
    attributes: z.record(z.string().max(100), attribute),
    tensors,
  })
  .describe('Compute a function; see the signatures.');
const compile = z
  .strictObject({
    type: z.literal('compile'),
    id,
    program: z.int().min(0).describe('The number by which the program is run.'),
    bytes: z.int().min(0).max(MAX_FRAMES).describe('The length of the text, which follows.'),
    donate: z
      .array(z.int().min(0))
      .max(MAX_HANDLES)
      .optional()
      .describe(
        'Inputs, by position, whose memory an execution may take. Of ports that keep tensors.',
      ),
    rows: z
      .array(z.int().min(0))
      .max(MAX_HANDLES)
      .optional()
      .describe(
        'Inputs, by position, that are rows of a batch: a port of several devices splits them over all; all else lies on each, but for weights and moments, which it may cut, too. Where nothing is said, the program runs on one device.',
      ),
  })
  .describe('Take in the text of a program (ASCII). Answer with a result without tensors.');
const run = z
  .strictObject({ type: z.literal('run'), id, program: z.int().min(0), tensors })
  .describe('Run a program that was compiled, on a tensor for each of its inputs.');
const release = z
  .strictObject({ type: z.literal('release'), id, program: z.int().min(0) })
  .describe('Forget a program. Answer with a result without tensors.');
const handles = z
  .array(z.int().min(0))
  .max(MAX_HANDLES)
  .describe('Numbers of tensors that the port keeps, chosen by the harness.');
const upload = z
  .strictObject({
    type: z.literal('upload'),
    id,
    tensors,
    rows: z
      .boolean()
      .optional()
      .describe(
        'They are rows of a batch, to be split over the devices; where several processes share the batch, those of this one.',
      ),
  })
  .describe(
    'Of ports that keep tensors: keep each under its name, a number in decimal. Answer with a result without tensors.',
  );
const download = z
  .strictObject({ type: z.literal('download'), id, handles })
  .describe('Send tensors that are kept, each named by its number in decimal.');
const free = z
  .strictObject({ type: z.literal('free'), id, handles })
  .describe('Forget tensors. Answer with a result without tensors.');
const execute = z
  .strictObject({
    type: z.literal('execute'),
    id,
    program: z.int().min(0),
    inputs: handles.describe('For each input, in order.'),
    donated: handles.describe('Those of them that are forgotten, whatever comes of it.'),
    outputs: handles.describe('For each output, in order: the number to keep it under.'),
  })
  .describe(
    'Run a program on tensors that are kept, and keep its outputs. Answer with a result without tensors; it may come before the outputs are computed.',
  );
const bye = z.strictObject({ type: z.literal('bye') }).describe('Exit; no answer is expected.');

const REQUEST = z.discriminatedUnion('type', [
  hello,
  echo,
  raise,
  call,
  compile,
  run,
  release,
  upload,
  download,
  free,
  execute,
  bye,
]);

const portHello = z
  .strictObject({
    type: z.literal('hello'),
    protocol: z.literal(PROTOCOL),
    name: z.string().min(1).max(100),
    version: text(100),
    device: text(300),
    contract: z.enum(CONTRACT_NAMES),
    deterministic: z.boolean().describe('Whether equal inputs give equal bits.'),
    functions: z.array(z.enum(FUNCTION_NAMES)).max(FUNCTION_NAMES.length),
    floats: z
      .array(z.enum(['f64', 'f32']))
      .min(1)
      .max(2),
    capabilities: z.array(z.enum(['program', 'resident'])).max(2),
    claims: z.array(text(100)).max(100).describe('Composites that it executes whole.'),
    devices: z
      .int()
      .min(1)
      .max(1_000_000)
      .exactOptional()
      .describe('Those that share the rows of a batch, of all processes; 1 where it says nothing.'),
  })
  .describe('What the port is, and what it can do.');
const result = z
  .strictObject({ type: z.literal('result'), id, tensors })
  .describe('The results, by name.');
const unsupported = z
  .strictObject({ type: z.literal('unsupported'), id, reason: text(2000) })
  .describe('The port does not do this; the case counts as unsupported, not as passed.');
const error = z
  .strictObject({ type: z.literal('error'), id, message: text(20000) })
  .describe('Something went wrong; the case fails, and the port goes on.');

const REPLY = z.discriminatedUnion('type', [portHello, result, unsupported, error]);

/**
 * A line of a port as a message.
 *
 * @throws Breakdown where it is none; nothing in it is ignored.
 */
export function parseReply(line: string): Reply {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Breakdown(`its answer is no JSON: ${JSON.stringify(line.slice(0, 120))}`);
  }
  const parsed = REPLY.safeParse(value);
  if (parsed.success) return parsed.data satisfies z.infer<typeof REPLY>;
  const [issue] = parsed.error.issues;
  const place = issue === undefined ? '' : `${issue.path.join('.') || 'message'}: ${issue.message}`;
  throw new Breakdown(`its answer is no message of the protocol: ${place}`);
}

/** The JSON Schema of every message, by sender and type: for implementers in other languages. */
export function messageSchemas(): Readonly<Record<'harness' | 'port', Record<string, object>>> {
  const named = (messages: readonly z.ZodType[]): Record<string, object> =>
    Object.fromEntries(
      messages.map((message) => {
        const schema = z.toJSONSchema(message);
        const { type } = (schema.properties ?? {}) as { type?: { const?: string } };
        return [type?.const ?? '', schema];
      }),
    );
  return { harness: named(REQUEST.options), port: named(REPLY.options) };
}
