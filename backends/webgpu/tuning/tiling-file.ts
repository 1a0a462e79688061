import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../../formats/cache-folder.js';
import { replaceFile } from '../../../formats/whole-file.js';
import { LacunaError } from '../../../spec/errors.js';
import type { Runtime } from '../device/runtime.js';
import type { ProductTiling } from '../lowering/kernels/tiling.js';
import { isAllowed, MOST_BUSY } from './candidates.js';

/**
 * Where measured tilings are kept, by adapter; undefined where there is no cache (`cacheFolder`). It is
 * a cache: what cannot be read counts as not there.
 */
export function tilingFile(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const folder = cacheFolder(environment);
  return folder === undefined ? undefined : join(folder, 'webgpu-tilings.json');
}

/**
 * The form of the kernels of products. It goes up where they change so that other tiles may be the fastest: what was measured
 * on kernels of another form counts as not there.
 */
export const FORM = 2;

type Tilings = Readonly<Record<string, unknown>>;

/** More than any list of adapters; a larger file is none of ours. */
const MAX_BYTES = 2 ** 20;

/** The measured tiling of an adapter, where there is one that its kernels can have. */
export async function readTiling(
  { description, limits, isSoftware }: Pick<Runtime, 'description' | 'limits' | 'isSoftware'>,
  file: string | undefined = tilingFile(),
): Promise<ProductTiling | undefined> {
  const all = file === undefined ? {} : await readAll(file);
  const kept: unknown = Object.hasOwn(all, description) ? all[description] : undefined;
  const found: unknown = isKept(kept) && kept.form === FORM ? kept.tiling : undefined;
  const memory = isSoftware ? 'direct' : 'workgroup';
  const fits = isTiling(found) && found.memory === memory && isAllowed(found, limits);
  return fits ? found : undefined;
}

/**
 * Keeps the tiling of an adapter; the file is there whole or not at all.
 * @throws LacunaError where it cannot be written, or there is no cache.
 */
export async function writeTiling(
  adapter: string,
  tiling: ProductTiling,
  file: string | undefined = tilingFile(),
): Promise<void> {
  if (file === undefined) {
    throw new LacunaError({
      what: 'there is no cache to keep the tiling in',
      got: 'LACUNA_CACHE is empty',
      fix: 'Unset LACUNA_CACHE, or let it name a folder.',
    });
  }
  const text = `${JSON.stringify({ ...(await readAll(file)), [adapter]: { form: FORM, tiling } }, null, 2)}\n`;
  await mkdir(dirname(file), { recursive: true });
  await replaceFile(file, text);
}

async function readAll(file: string): Promise<Tilings> {
  try {
    const text = await readFile(file, 'utf8');
    const read: unknown = text.length > MAX_BYTES ? {} : JSON.parse(text);
    return typeof read === 'object' && read !== null && !Array.isArray(read)
      ? (read as Tilings)
      : {};
  } catch {
    return {};
  }
}

/** Whether what was read has a form of kernels and what was measured on them. */
function isKept(value: unknown): value is { readonly form: unknown; readonly tiling: unknown } {
  return typeof value === 'object' && value !== null && 'form' in value && 'tiling' in value;
}

/** Whether what was read is a tiling that kernels can be made with. */
function isTiling(value: unknown): value is ProductTiling {
  if (typeof value !== 'object' || value === null) return false;
  const { lanes, registers, depth, stages, busyGroups } = value as Partial<Record<string, unknown>>;
  const isPower = (x: unknown, least: number, most: number): boolean =>
    typeof x === 'number' && Number.isInteger(Math.log2(x)) && x >= least && x <= most;
  const isPair = (x: unknown, least: number, most: number): boolean =>
    Array.isArray(x) && x.length === 2 && x.every((n) => isPower(n, least, most));
  return (
    isPair(lanes, 1, 64) &&
    isPair(registers, 4, 16) &&
    isPower(depth, 4, 64) &&
    (stages === 1 || stages === 2) &&
    Number.isInteger(busyGroups) &&
    (busyGroups as number) >= 1 &&
    (busyGroups as number) <= MOST_BUSY
  );
}
