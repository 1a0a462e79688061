import { type FileHandle, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../../core/sha256.js';
import {
  codeOf,
  makeFolder,
  makeOwnFolder,
  openPlain,
  removeFile,
} from '../../formats/file-operations.js';
import { Lock } from '../../formats/lock.js';
import { readOwnFile } from '../../formats/own-file.js';
import { PARTIAL, replaceFile } from '../../formats/whole-file.js';
import { LacunaError } from '../../spec/errors.js';
import {
  DamagedEntry,
  decodeEntry,
  decodeHeader,
  type EntryHeader,
  encodeEntry,
  headerEnd,
  MAX_ENTRY_BYTES,
  type SimilarityEntry,
} from './similarity-entry.js';

/**
 * `patches`: each cell of a frame is resized to the teacher's input and embedded (TGM).
 * `dense`: the patch tokens of one pass a frame.
 */
export type SimilarityForm = (typeof SIMILARITY_FORMS)[number];
export const SIMILARITY_FORMS = ['dense', 'patches'] as const;

/** How the maps of a store are made: stores that differ in it hold different maps. */
export interface SimilarityRecipe {
  readonly teacher: {
    readonly name: string;
    /** `Aligner.digest`. */
    readonly digest: string;
  };
  readonly form: SimilarityForm;
  /** Frames between two stored ones. */
  readonly stride: number;
  /** `patches`: cells along a frame's short side; `dense`: the teacher's patches along its input. */
  readonly cells: number;
}

const MANIFEST = 'manifest.json';
const ENTRIES = 'maps';
const LOCK = 'lock';
const MAX_MANIFEST_BYTES = 2 ** 16;
const FIRST_READ = 4096;

const RECIPE: z.ZodType<SimilarityRecipe> = z.strictObject({
  teacher: z.strictObject({
    name: z.string().max(4096),
    digest: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  form: z.enum(SIMILARITY_FORMS),
  stride: z
    .int()
    .min(1)
    .max(2 ** 20),
  cells: z.int().min(1).max(1024),
});
const MANIFEST_SCHEMA = z.strictObject({ format: z.literal(1), recipe: RECIPE });

/** What is known of a video's entry without its maps. */
export type EntryState =
  | { readonly kind: 'found'; readonly header: EntryHeader }
  | { readonly kind: 'missing' }
  /** A sentence's end: "it has 20 of 400 bytes". */
  | { readonly kind: 'damaged'; readonly reason: string };

/**
 * A folder of similarity maps: `manifest.json` says how they were made, and `maps/` has one file a
 * video, written whole or not at all, with a checksum. Any number of processes may read it while
 * one adds to it.
 */
export class SimilarityStore {
  readonly folder: string;
  readonly recipe: SimilarityRecipe;
  /** SHA-256 of what the maps depend on beside the videos and captions: the teacher's name does not count. */
  readonly digest: string;

  private constructor(folder: string, recipe: SimilarityRecipe) {
    this.folder = folder;
    this.recipe = recipe;
    this.digest = recipeDigest(recipe);
  }

  /** Opens a store to read. @throws LacunaError for a folder that is none, or a damaged one. */
  static async open(folder: string): Promise<SimilarityStore> {
    const recipe = await readRecipe(folder);
    if (recipe !== undefined) return new SimilarityStore(folder, recipe);
    throw new LacunaError({
      where: folder,
      what: 'this folder holds no similarity maps: it has no manifest.json',
      fix: `Make them: lacuna similarity --data <list> --teacher <folder> --output ${folder}`,
    });
  }

  /**
   * Opens a store to add to, or begins one in a folder that is new or empty.
   *
   * @throws LacunaError where the folder holds the maps of another recipe, or something else.
   */
  static async create(folder: string, recipe: SimilarityRecipe): Promise<SimilarityStore> {
    const found = await readRecipe(folder);
    if (found !== undefined) {
      refuseOther(folder, found, recipe);
      return new SimilarityStore(folder, found);
    }
    const names: string[] = await readdir(folder).catch((error: unknown): string[] => {
      if (codeOf(error) === 'ENOENT') return [];
      throw new LacunaError({
        where: folder,
        what: 'the folder cannot be used',
        got: codeOf(error),
      });
    });
    // What a killed beginning left is no stranger's: the folder of maps comes before the manifest.
    const isEmpty = (await readdir(join(folder, ENTRIES)).catch(() => [])).length === 0;
    const begun = new RegExp(`^(${LOCK}|${MANIFEST}${PARTIAL}.*${isEmpty ? `|${ENTRIES}` : ''})$`);
    const others = names.filter((name) => !begun.test(name));
    if (others.length > 0) {
      throw new LacunaError({
        where: folder,
        what: 'the folder for the similarity maps holds something else',
        got: others.slice(0, 3).join(', '),
        fix: 'Choose another folder with --output, or empty this one.',
      });
    }
    await makeFolder(folder);
    await makeOwnFolder(join(folder, ENTRIES));
    const manifest = { format: 1, recipe };
    await replaceFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    return new SimilarityStore(folder, recipe);
  }

  /** Where the maps of a video lie: its name says nothing that could lead out of the folder. */
  path(video: string): string {
    const name = sha256(video);
    return join(this.folder, ENTRIES, name.slice(0, 2), `${name}.maps`);
  }

  /** What is there of a video: its header and its length are checked, its checksum is not. */
  async look(video: string): Promise<EntryState> {
    try {
      const { handle: file, size } = await openPlain(this.path(video));
      try {
        const first = await firstBytes(file, Math.min(size, FIRST_READ));
        const end = headerEnd(first);
        const header = end <= first.length ? first : await firstBytes(file, Math.min(size, end));
        const decoded = decodeHeader(header);
        if (decoded.size !== size) {
          return { kind: 'damaged', reason: `it has ${size} of ${decoded.size} bytes` };
        }
        this.#refuseStranger(decoded.header, video);
        return { kind: 'found', header: decoded.header };
      } finally {
        await file.close();
      }
    } catch (error) {
      if (error instanceof DamagedEntry) return { kind: 'damaged', reason: error.message };
      if (error instanceof LacunaError) return { kind: 'damaged', reason: error.facts.what };
      if (codeOf(error) === 'ENOENT') return { kind: 'missing' };
      throw error;
    }
  }

  /**
   * The maps of a video, whole and checked, or undefined where there are none.
   *
   * @throws LacunaError where they are damaged.
   */
  async read(video: string): Promise<SimilarityEntry | undefined> {
    try {
      // The header bounds the file before it is read.
      const state = await this.look(video);
      if (state.kind === 'missing') return undefined;
      if (state.kind === 'damaged') throw new DamagedEntry(state.reason);
      const bytes = await readOwnFile(this.path(video), MAX_ENTRY_BYTES);
      if (bytes === undefined) return undefined;
      const entry = decodeEntry(bytes);
      this.#refuseStranger(entry, video);
      return entry;
    } catch (error) {
      if (!(error instanceof DamagedEntry)) throw error;
      throw new LacunaError({
        where: this.path(video),
        what: `the similarity maps of ${video} are damaged`,
        got: error.message,
        fix: 'Run lacuna similarity again with the same options: it makes these maps anew and keeps the others.',
      });
    }
  }

  /** Adds the maps of a video, or replaces them: whole or not at all. */
  async write(entry: Omit<SimilarityEntry, 'recipe'>): Promise<void> {
    const path = this.path(entry.video);
    await makeOwnFolder(dirname(path));
    await replaceFile(path, encodeEntry({ ...entry, recipe: this.digest }));
  }

  /**
   * Takes the right to add to the store, which one process has at a time, and removes what a killed
   * one left half-written.
   *
   * @throws LacunaError where another process has it.
   */
  async lock(): Promise<Lock> {
    const { folder } = this;
    const lock = await Lock.take(join(folder, LOCK), {
      where: folder,
      doing: 'writing these similarity maps',
    });
    const entries = join(folder, ENTRIES);
    await makeOwnFolder(entries);
    for (const group of await readdir(entries, { withFileTypes: true }).catch(() => [])) {
      if (!group.isDirectory()) continue;
      for (const name of await readdir(join(entries, group.name))) {
        if (name.includes(PARTIAL)) await removeFile(join(entries, group.name, name));
      }
    }
    return lock;
  }

  #refuseStranger(header: EntryHeader, video: string): void {
    if (header.video !== video) throw new DamagedEntry(`it is of ${header.video}`);
    if (header.recipe !== this.digest) throw new DamagedEntry('it is of another teacher or form');
    if (header.stride !== this.recipe.stride) throw new DamagedEntry('it has another stride');
  }
}

function recipeDigest({ teacher, form, stride, cells }: SimilarityRecipe): string {
  const facts = { teacher: teacher.digest, form, stride, cells };
  return sha256(JSON.stringify(facts));
}

async function readRecipe(folder: string): Promise<SimilarityRecipe | undefined> {
  const path = join(folder, MANIFEST);
  try {
    const bytes = await readOwnFile(path, MAX_MANIFEST_BYTES);
    if (bytes === undefined) return undefined;
    const parsed = MANIFEST_SCHEMA.safeParse(JSON.parse(bytes.toString('utf8')));
    if (!parsed.success)
      throw new Error(`it is malformed at ${parsed.error.issues[0]?.path.join('.')}`);
    return parsed.data.recipe;
  } catch (cause) {
    throw new LacunaError(
      {
        where: path,
        what: 'the manifest of these similarity maps cannot be used',
        got:
          cause instanceof LacunaError
            ? cause.facts.what
            : cause instanceof Error
              ? cause.message
              : String(cause),
        fix: 'Restore it from a copy, or make the maps in another folder.',
      },
      { cause },
    );
  }
}

/** @throws LacunaError that says in what two recipes differ. */
function refuseOther(folder: string, found: SimilarityRecipe, asked: SimilarityRecipe): void {
  const facts = ({ teacher, form, stride, cells }: SimilarityRecipe): readonly string[] => [
    `teacher ${teacher.name} (${teacher.digest.slice(0, 12)})`,
    `form ${form}`,
    `stride ${stride}`,
    `${cells} cells`,
  ];
  const theirs = facts(found);
  const ours = facts(asked);
  const teachers = found.teacher.digest === asked.teacher.digest;
  const differ = theirs.map((fact, i) => (i === 0 ? !teachers : fact !== ours[i]));
  if (!differ.includes(true)) return;
  throw new LacunaError({
    where: folder,
    what: teachers
      ? 'the similarity maps in this folder were made with other options'
      : 'the similarity maps in this folder are of another teacher',
    got: theirs.filter((_, i) => differ[i]).join(', '),
    expected: ours.filter((_, i) => differ[i]).join(', '),
    fix: 'Choose another folder with --output: maps of two kinds never share one.',
  });
}

async function firstBytes(file: FileHandle, count: number): Promise<Buffer> {
  const bytes = Buffer.alloc(count);
  let done = 0;
  while (done < count) {
    const { bytesRead } = await file.read(bytes, done, count - done, done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
