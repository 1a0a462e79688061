import { createHash } from 'node:crypto';
import { z } from 'zod';
import { LABEL_NAME } from '../../data/index.js';
import { PROBE_HEADS, type ProbeHead } from '../../run/probe-recipes.js';
import { LIST_KEYS, type ListPair } from '../../run/settings/list.js';
import { LacunaError, RECIPE_NAMES, type RecipeName } from '../../spec/index.js';

/** A line of a sweep's table: what it changes of the runs that all lines share. */
export interface SweepRow {
  readonly name: string;
  /** Settings of the pretraining run by their key paths, as `--set` has them: `{"mask.ratio": 0.9}`. */
  readonly set?: Readonly<Record<string, unknown>>;
  /**
   * Whether its encoder stays as it is drawn, which is what the others are held to.
   * @defaultValue false
   */
  readonly scratch?: boolean;
  /** What a paper prints of it, per cent. */
  readonly paper?: { readonly finetune?: number; readonly probe?: number };
}

/** Clips with classes, to learn from and to judge by. */
interface SweepLists extends ListPair {
  readonly data: string;
  readonly test: string;
}

/** What a sweep is: rows x seeds, each pretrained, then fine-tuned, probed, or both. */
export interface Sweep {
  /** What it is about, for the table. */
  readonly title: string;
  /** Settings of pretraining that all rows share: what `lacuna pretrain --config` takes. */
  readonly pretrain: Readonly<Record<string, unknown>>;
  readonly finetune?: SweepLists & {
    readonly recipe: RecipeName;
    readonly steps?: number;
    readonly epochs?: number;
    /** As `set` of a row, of the fine-tuning run. */
    readonly set?: Readonly<Record<string, unknown>>;
  };
  /** By the recipe of the head (`lacuna probe`). */
  readonly probe?: SweepLists & {
    readonly head: ProbeHead;
    /** Which class, where clips have several: `verb`, `noun`. */
    readonly label?: string;
  };
  /** Of pretraining, of fine-tuning and of the probe. */
  readonly seeds: readonly number[];
  readonly rows: readonly SweepRow[];
  /** Where the numbers of `paper` are from. */
  readonly paper?: string;
}

const text = z.string().min(1).max(4096);
const set = z.record(text, z.json());
const { list: _, ...choice } = LIST_KEYS;
const lists = { data: text, test: text, testSplit: choice.split, ...choice };
const percent = z.number().min(0).max(100);

const SWEEP: z.ZodType<Sweep> = z.strictObject({
  title: z.string().min(1).max(200),
  pretrain: z.record(text, z.json()),
  finetune: z
    .strictObject({
      ...lists,
      recipe: z.enum(RECIPE_NAMES),
      steps: z.int().min(1).max(1e9).exactOptional(),
      epochs: z.int().min(1).max(1e6).exactOptional(),
      set: set.exactOptional(),
    })
    .exactOptional(),
  probe: z
    .strictObject({
      ...lists,
      head: z.enum(PROBE_HEADS),
      label: z.string().regex(LABEL_NAME).exactOptional(),
    })
    .exactOptional(),
  seeds: z.array(z.int().min(0).max(Number.MAX_SAFE_INTEGER)).min(1).max(100),
  rows: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        set: set.exactOptional(),
        scratch: z.boolean().exactOptional(),
        paper: z
          .strictObject({ finetune: percent.exactOptional(), probe: percent.exactOptional() })
          .exactOptional(),
      }),
    )
    .min(1)
    .max(1000),
  paper: z.string().max(1000).exactOptional(),
});

/**
 * What a sweep file says. A key `$schema` is for editors and ignored.
 *
 * @throws LacunaError naming the key, what it holds and what is expected; for rows or seeds that are there
 * twice, for output or seed among the settings, and where nothing is judged.
 */
export function parseSweep(content: string, origin: string): Sweep {
  const sweep = checked(content, origin);
  const { rows, seeds, finetune, probe, pretrain } = sweep;
  const names = rows.map(({ name }) => cellName(name));
  refuse(new Set(names).size < names.length, origin, 'rows', 'two rows are named alike');
  refuse(new Set(seeds).size < seeds.length, origin, 'seeds', 'a seed is there twice');
  refuse(
    finetune === undefined && probe === undefined,
    origin,
    'finetune, probe',
    'nothing says how a row is judged',
    'Add the section "finetune", "probe" or both.',
  );
  refuse(
    finetune?.steps !== undefined && finetune.epochs !== undefined,
    origin,
    'finetune.epochs',
    'steps and epochs exclude each other',
  );
  for (const [where, keys] of [
    ['pretrain', Object.keys(pretrain)],
    ...rows.map(({ name, set: own = {} }) => [`row "${name}"`, Object.keys(own)] as const),
    ['finetune.set', Object.keys(finetune?.set ?? {})],
  ] as const) {
    const own = keys.find((key) => key === 'seed' || key === 'output');
    refuse(
      own !== undefined,
      origin,
      `${where}: ${own}`,
      'the sweep itself sets this for each run',
    );
  }
  return sweep;
}

/** The folder of a row: its name in letters that any file system takes. */
export function cellName(row: string): string {
  const plain = row
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '');
  return plain === '' ? createHash('sha256').update(row).digest('hex').slice(0, 16) : plain;
}

/** What a cell's numbers are a function of, beside the data: cells are kept while this stays. */
export function cellDigest({ pretrain, finetune, probe }: Sweep, row: SweepRow): string {
  const { set: own = {}, scratch = false } = row;
  const facts = { pretrain, finetune, probe, set: own, scratch };
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

function checked(content: string, origin: string): Sweep {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new LacunaError({ where: origin, what: 'the sweep is not JSON', got }, { cause });
  }
  const isObject = typeof value === 'object' && value !== null;
  const { $schema: _, ...own } = isObject ? (value as Record<string, unknown>) : {};
  const result = SWEEP.safeParse(isObject ? own : value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new LacunaError({
    where: `${origin}: ${issue?.path.map(String).join('.') || 'the sweep'}`,
    what: 'this part of the sweep cannot be used',
    got: issue?.message ?? 'something else',
    expected:
      'a title, the settings "pretrain", a list of "seeds" and of "rows", and "finetune" or "probe"',
    fix: 'docs/sweeps.md describes the file; docs/sweeps/ holds some.',
  });
}

function refuse(when: boolean, origin: string, key: string, what: string, fix?: string): void {
  if (!when) return;
  throw new LacunaError({
    where: `${origin}: ${key}`,
    what,
    ...(fix === undefined ? {} : { fix }),
  });
}
