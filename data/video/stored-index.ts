import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { sealJson, unsealJson } from '../../formats/sealed-json.js';
import { MAX_VIDEO_FRAMES } from './limits.js';
import type { VideoInfo } from './video-reader.js';

/** An index as plain data: what a backend keeps of a video, as columns of numbers. */
export interface StoredIndex {
  readonly info: VideoInfo;
  /** Integers of at most 2^52, or NaN; columns of one name have one meaning. */
  readonly columns: Readonly<Record<string, Float64Array>>;
}

const size = z
  .int()
  .min(1)
  .max(2 ** 25);
const SIZE = { width: size, height: size };
const COLUMN = z.strictObject({
  length: z
    .int()
    .min(0)
    .max(2 * MAX_VIDEO_FRAMES),
  /** Base64 of deflated float64: the difference of each number to the last one before that is one. */
  deflated: z.string(),
});
const SCHEMA = z.strictObject({
  info: z.strictObject({
    ...SIZE,
    codec: z.string().max(64),
    container: z.string().max(64),
    stored: z.strictObject(SIZE),
    orientation: z.strictObject({
      transposed: z.boolean(),
      flipX: z.boolean(),
      flipY: z.boolean(),
    }),
    frameCount: z.int().min(1).max(MAX_VIDEO_FRAMES),
  }),
  columns: z.record(z.string(), COLUMN),
});

/** The text of an index: it notices when it changes. Undefined where a number is none that fits. */
export function indexText({ info, columns }: StoredIndex): string | undefined {
  const packed: Record<string, z.infer<typeof COLUMN>> = {};
  for (const [name, numbers] of Object.entries(columns)) {
    const differences = new Float64Array(numbers.length);
    let last = 0;
    for (const [i, number] of numbers.entries()) {
      differences[i] = number - last;
      if (Number.isNaN(number)) continue;
      if (!Number.isInteger(number) || Math.abs(number) > 2 ** 52) return undefined;
      last = number;
    }
    const deflated = deflateRawSync(new Uint8Array(differences.buffer)).toString('base64');
    packed[name] = { length: numbers.length, deflated };
  }
  return sealJson({ info, columns: packed });
}

/** What `indexText` was given. @throws what its parts throw where the text is damaged or none. */
export function indexOfText(text: string): StoredIndex {
  const { info, columns } = SCHEMA.parse(unsealJson(text));
  const found: Record<string, Float64Array> = {};
  for (const [name, { length, deflated }] of Object.entries(columns)) {
    const bytes = inflateRawSync(Buffer.from(deflated, 'base64'), {
      maxOutputLength: Math.max(1, 8 * length),
    });
    if (bytes.length !== 8 * length) throw new Error('a column has another length');
    const numbers = new Float64Array(new Uint8Array(bytes).buffer);
    let last = 0;
    for (const [i, difference] of numbers.entries()) {
      numbers[i] = difference + last;
      if (Number.isNaN(difference)) continue;
      if (!Number.isSafeInteger(numbers[i])) throw new Error('a number is no integer');
      last = numbers[i] as number;
    }
    found[name] = numbers;
  }
  return { info, columns: found };
}
