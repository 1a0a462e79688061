import { join } from 'node:path';
import { z } from 'zod';
import type { CombinedResult, HeadResult } from '../../evaluation/index.js';
import { readOwnFile } from '../../formats/own-file.js';
import { sealJson, unsealJson } from '../../formats/sealed-json.js';
import { replaceFile } from '../../formats/whole-file.js';
import { LacunaError } from '../../spec/index.js';

/** What a fine-tuned run came to, as its report shows it. */
export interface StoredClassification {
  /** The list that it was judged by. */
  readonly data: string;
  readonly protocol: string;
  readonly heads: readonly HeadResult[];
  /** What several heads come to together. */
  readonly combined?: CombinedResult | undefined;
}

const FILE = 'classification.json';
const MAX_BYTES = 2 ** 27;

/** A mean of probabilities in f32 may be above 1 by a rounding. */
const share = z.number().min(0).max(1.001);
/** A file of few bytes must not become matrices that fill the memory: of more classes nothing is kept. */
const MOST_CLASSES = 4000;
const interval = z.strictObject({ share, low: share, high: share });
const count = z.int().min(0);
const text = z.string().max(65_536);
const STORED = z.strictObject({
  data: text,
  protocol: text,
  heads: z
    .array(
      z.strictObject({
        head: z.strictObject({ name: text, classes: z.array(text).max(MOST_CLASSES) }),
        top1: interval,
        top5: interval,
        meanClass: share,
        chance: share,
        majority: share,
        calibration: z.strictObject({
          error: share,
          bins: z.array(z.strictObject({ count, confidence: share, accuracy: share })).max(1000),
        }),
        /** Cells of the matrix that are not 0: right, said, how many. */
        confusion: z.array(z.tuple([count, count, count])).max(10_000_000),
      }),
    )
    .max(8),
  combined: z
    .strictObject({ names: z.array(text).max(8), top1: interval, top5: interval })
    .optional(),
});

/** Writes it into a run folder, whole or not at all; of heads with more than 4,000 classes nothing. */
export async function storeClassification(
  folder: string,
  { heads, ...facts }: StoredClassification,
): Promise<void> {
  if (heads.length > 8 || heads.some(({ head }) => head.classes.length > MOST_CLASSES)) return;
  const cells = heads.map(({ confusion, ...rest }) => ({
    ...rest,
    confusion: confusion.flatMap((line, right) =>
      [...line].flatMap((times, said) => (times === 0 ? [] : [[right, said, times]])),
    ),
  }));
  await replaceFile(join(folder, FILE), sealJson({ ...facts, heads: cells }));
}

/** Undefined where there is none. @throws LacunaError where it is damaged. */
export async function readClassification(
  folder: string,
): Promise<StoredClassification | undefined> {
  const path = join(folder, FILE);
  const bytes = await readOwnFile(path, MAX_BYTES);
  if (bytes === undefined) return undefined;
  try {
    const { heads, ...facts } = STORED.parse(unsealJson(bytes.toString('utf8')));
    return { ...facts, heads: heads.map((head) => ({ ...head, confusion: matrixOf(head) })) };
  } catch (cause) {
    throw new LacunaError(
      {
        where: path,
        what: 'this file is damaged',
        got: String(cause).slice(0, 200),
        fix: 'Remove it: the report then leaves the classification out.',
      },
      { cause },
    );
  }
}

/** Rows of the matrix; a row is made where it has cells, so that a file cannot ask for more than it holds. */
function matrixOf({
  head,
  confusion,
}: z.infer<typeof STORED>['heads'][number]): readonly Uint32Array[] {
  const { length } = head.classes;
  const empty = new Uint32Array(0);
  const rows = head.classes.map(() => empty);
  for (const [right, said, times] of confusion) {
    if (right >= length || said >= length) throw new Error('a class of the matrix does not exist');
    if (rows[right] === empty) rows[right] = new Uint32Array(length);
    (rows[right] as Uint32Array)[said] = times;
  }
  return rows;
}
