import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../../core/sha256.js';
import { makeFolder, removeFile } from '../../formats/file-operations.js';
import { decodeSafetensors, encodeSafetensors, replaceFile } from '../../formats/index.js';
import { readOwnFile } from '../../formats/own-file.js';
import { sealJson, unsealJson } from '../../formats/sealed-json.js';
import { PARTIAL } from '../../formats/whole-file.js';
import { LacunaError } from '../../spec/index.js';

const FORMAT = 'lacuna video index 1';
const FILE = 'index.json';
const MAX_JSON_BYTES = 2 ** 28;
const MAX_VECTOR_BYTES = 2 ** 31;
const DIGEST = /^[0-9a-f]{64}$/;

/** A video in an index, as the file was when it was embedded. */
export interface IndexedVideo {
  /** Relative to the index's root. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** When its content, and its entry, last changed, in milliseconds. */
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  /** SHA-256 of the file. */
  readonly digest: string;
  readonly frames: number;
  /** Equal parts of it, each with a vector. */
  readonly segments: number;
}

/** What an index says of itself. */
interface IndexFacts {
  /** The folder that paths start from, and whether links in it may lead out of it. */
  readonly root: string;
  readonly followLinks: boolean;
  /** The run folder, and `modelDigest` of what was in it. */
  readonly run: string;
  readonly model: string;
  /** How clips were taken: frames, size, rule, frames of a segment. */
  readonly sampling: string;
  readonly width: number;
  readonly videos: readonly IndexedVideo[];
}

const VIDEO: z.ZodType<IndexedVideo> = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(1024)
    .refine((path) => !/^\/|\\|\0|(^|\/)\.\.?(\/|$)/.test(path), 'it leads out of the folder'),
  size: z.number().min(0),
  mtimeMs: z.number(),
  ctimeMs: z.number(),
  digest: z.string().regex(DIGEST),
  frames: z.int().min(1),
  segments: z.int().min(1).max(65_536),
});

interface Manifest extends IndexFacts {
  readonly format: typeof FORMAT;
  /** SHA-256 of the file of the vectors, which is named by it. */
  readonly vectors: string;
}

const MANIFEST: z.ZodType<Manifest> = z.strictObject({
  format: z.literal(FORMAT),
  root: z.string().min(1).max(4096),
  followLinks: z.boolean(),
  run: z.string().min(1).max(4096),
  model: z.string().regex(DIGEST),
  sampling: z.string().max(1024),
  width: z.int().min(1).max(65_536),
  vectors: z.string().regex(DIGEST),
  videos: z.array(VIDEO).min(1),
});

/** What can be searched: videos in the order of their paths, and a vector of each of their segments. */
export interface VideoIndex extends IndexFacts {
  /** [segments of all videos, width], rows of length 1. */
  readonly vectors: Float32Array;
}

/**
 * Writes an index into a folder: first its vectors under a name of their own, then the sealed list that
 * names them. A kill between leaves the index that was there before.
 * @throws LacunaError for one that is too large, or cannot be written.
 */
export async function writeVideoIndex(folder: string, index: VideoIndex): Promise<void> {
  await makeFolder(folder);
  const { vectors: data, ...rest } = index;
  const shape = [data.length / index.width, index.width];
  const bytes = encodeSafetensors(new Map([['vectors', { dtype: 'f32', shape, data }]]));
  const vectors = sha256(bytes);
  const text = sealJson({ format: FORMAT, ...rest, vectors });
  if (bytes.length > MAX_VECTOR_BYTES || text.length > MAX_JSON_BYTES) {
    throw new LacunaError({
      where: folder,
      what: 'the index would be too large',
      got: `${index.videos.length} videos, ${bytes.length} bytes of vectors`,
      fix: 'Index fewer videos, or longer segments (--every), or make an index for each part.',
    });
  }
  await replaceFile(join(folder, vectorFile(vectors)), bytes);
  await replaceFile(join(folder, FILE), text);
  for (const name of await readdir(folder)) {
    const isOld =
      /^vectors-[0-9a-f]{16}\.safetensors/.test(name) || name.startsWith(`${FILE}${PARTIAL}`);
    if (isOld && name !== vectorFile(vectors)) await removeFile(join(folder, name));
  }
}

/**
 * Reads an index, each byte of it held to its digest; undefined where there is none.
 * @throws LacunaError for one that is damaged.
 */
export async function readVideoIndex(folder: string): Promise<VideoIndex | undefined> {
  const path = join(folder, FILE);
  const text = await readOwnFile(path, MAX_JSON_BYTES);
  if (text === undefined) return undefined;
  const manifest = parsed(path, text.toString('utf8'));
  const { format: _, vectors: digest, ...rest } = manifest;
  const file = join(folder, vectorFile(digest));
  const bytes = await readOwnFile(file, MAX_VECTOR_BYTES);
  if (bytes === undefined) throw damaged(file, 'it is missing');
  if (sha256(bytes) !== digest) throw damaged(file, 'it has changed since it was written');
  const tensor = decodeSafetensors(bytes, file).tensors.get('vectors');
  const rows = rest.videos.reduce((sum, { segments }) => sum + segments, 0);
  if (
    !(tensor?.data instanceof Float32Array) ||
    tensor.data.length !== rows * rest.width ||
    !tensor.data.every(Number.isFinite)
  ) {
    throw damaged(file, `it does not hold ${rows} finite vectors of ${rest.width} numbers`);
  }
  return { ...rest, vectors: tensor.data };
}

function vectorFile(digest: string): string {
  return `vectors-${digest.slice(0, 16)}.safetensors`;
}

function parsed(path: string, text: string): Manifest {
  let value: Record<string, unknown>;
  try {
    value = unsealJson(text);
  } catch (error) {
    throw damaged(path, error instanceof SyntaxError ? 'it is no JSON' : (error as Error).message);
  }
  const checked = MANIFEST.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw damaged(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}`);
}

function damaged(where: string, got: string): LacunaError {
  return new LacunaError({
    where,
    what: 'the index of videos cannot be read',
    got,
    fix: 'Name another folder with --index; or, if this is a damaged index, remove its index.json and run `lacuna index` again.',
  });
}
