import type { HostTensor, Named } from '../../core/backend.js';
import { Sha256, sha256 } from '../../core/sha256.js';
import { SafetensorsFile, writeSafetensors } from '../../formats/safetensors/safetensors-file.js';
import { replaceFileBy } from '../../formats/whole-file.js';
import { LacunaError } from '../../spec/index.js';
import type { Aligner } from '../aligner.js';

/** What a run needs of a teacher: its text tower, and what it is. */
export type TextTeacher = Pick<Aligner, 'name' | 'digest' | 'width' | 'embedTexts'>;

export interface EmbedCaptionsOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Captions of one call of the teacher. */
const BATCH = 64;
const HASH_BYTES = 32;
const MAX_WIDTH = 65_536;

/**
 * A frozen teacher's embedding of every distinct caption of a list, as rows f32 [N, E]. In a run
 * folder they are `teacher.safetensors`: `embeddings`, and as bytes of SHA-256 `digest.embeddings`
 * (their little-endian bytes), `digest.captions` (see `captionsDigest`) and `digest.teacher`.
 */
export class CaptionEmbeddings {
  /** E. */
  readonly width: number;
  /** The teacher's digest, hex. */
  readonly teacher: string;
  readonly #rows: ReadonlyMap<string, number>;
  readonly #data: Float32Array;

  private constructor(captions: readonly string[], data: Float32Array, teacher: string) {
    this.width = data.length / captions.length;
    this.teacher = teacher;
    this.#rows = new Map(captions.map((caption, row) => [caption, row]));
    this.#data = data;
  }

  /**
   * Embeds the distinct ones of `captions`, each once.
   * @throws LacunaError for a caption that the teacher cannot take, an embedding that is not finite or
   * has length 0, and where the signal stops it.
   */
  static async make(
    teacher: TextTeacher,
    captions: readonly string[],
    { onProgress, signal }: EmbedCaptionsOptions = {},
  ): Promise<CaptionEmbeddings> {
    const distinct = distinctOf(captions);
    const { width } = teacher;
    const data = new Float32Array(distinct.length * width);
    for (let start = 0; start < distinct.length; start += BATCH) {
      if (signal?.aborted === true) {
        throw new LacunaError({
          where: teacher.name,
          what: 'stopped before all captions were embedded, so no run was begun',
        });
      }
      const batch = distinct.slice(start, start + BATCH);
      const rows = await teacher.embedTexts(batch);
      checkRows(teacher, batch, rows);
      data.set(rows, start * width);
      onProgress?.(Math.min(start + BATCH, distinct.length), distinct.length);
    }
    return new CaptionEmbeddings(distinct, data, teacher.digest);
  }

  /**
   * Reads what `save` wrote for the same captions.
   * @throws LacunaError where the file is missing, damaged, or of other captions.
   */
  static async open(path: string, captions: readonly string[]): Promise<CaptionEmbeddings> {
    const file = await SafetensorsFile.open(path);
    try {
      const distinct = distinctOf(captions);
      const type = file.tensors.get('embeddings');
      const [count, width] = type?.shape ?? [];
      if (
        type?.dtype !== 'f32' ||
        type.shape.length !== 2 ||
        count !== distinct.length ||
        width === undefined ||
        width < 1 ||
        width > MAX_WIDTH
      ) {
        throw damaged(path, 'its embeddings do not fit the captions of the run');
      }
      const digest = async (name: string): Promise<string> => {
        const found = file.tensors.get(name);
        if (found?.dtype !== 'u8' || found.shape.length !== 1 || found.shape[0] !== HASH_BYTES)
          throw damaged(path, `${name} is missing`);
        return Buffer.from((await file.read(name)).data as Uint8Array).toString('hex');
      };
      if ((await digest('digest.captions')) !== captionsDigest(distinct))
        throw damaged(path, 'it is of other captions');
      const { data } = await file.read('embeddings');
      if ((await digest('digest.embeddings')) !== sha256(bytesOf(data)))
        throw damaged(path, 'its checksum does not agree');
      return new CaptionEmbeddings(distinct, data as Float32Array, await digest('digest.teacher'));
    } finally {
      await file.close();
    }
  }

  /** Writes a file that is there whole or not at all. */
  async save(path: string): Promise<void> {
    const captions = [...this.#rows.keys()];
    const bytes = (hex: string): HostTensor => ({
      dtype: 'u8',
      shape: [HASH_BYTES],
      data: Uint8Array.from(Buffer.from(hex, 'hex')),
    });
    const tensors: Named<HostTensor> = {
      embeddings: { dtype: 'f32', shape: [captions.length, this.width], data: this.#data },
      'digest.embeddings': bytes(sha256(bytesOf(this.#data))),
      'digest.captions': bytes(captionsDigest(captions)),
      'digest.teacher': bytes(this.teacher),
    };
    const declared = Object.entries(tensors).map(([name, { dtype, shape }]) => ({
      name,
      dtype,
      shape,
    }));
    await replaceFileBy(path, async (partial) => {
      await writeSafetensors(partial, declared, async (name) => tensors[name] as HostTensor);
    });
  }

  /** `text.embedding` f32 [B, E] of captions of the list. */
  feeds(captions: readonly string[]): Named<HostTensor> {
    const shape = [captions.length, this.width];
    return { 'text.embedding': { dtype: 'f32', shape, data: this.rows(captions) } };
  }

  /** [captions, E] of captions that were embedded, row by row. */
  rows(captions: readonly string[]): Float32Array {
    const data = new Float32Array(captions.length * this.width);
    captions.forEach((caption, index) => {
      const row = this.#rows.get(caption);
      if (row === undefined) {
        throw new LacunaError({
          what: 'the teacher was not asked for this caption',
          got: shortened(caption),
        });
      }
      data.set(this.#data.subarray(row * this.width, (row + 1) * this.width), index * this.width);
    });
    return data;
  }
}

/** SHA-256 over the distinct captions in their order, each as JSON on a line. */
function captionsDigest(captions: readonly string[]): string {
  const digest = new Sha256();
  for (const caption of captions) digest.update(`${JSON.stringify(caption)}\n`);
  return digest.hex();
}

function checkRows(teacher: TextTeacher, captions: readonly string[], rows: Float32Array): void {
  const { name, width } = teacher;
  if (rows.length !== captions.length * width) {
    throw new LacunaError({
      where: name,
      what: 'the teacher returned embeddings of another size than it says',
      got: `${rows.length} numbers for ${captions.length} captions`,
      expected: `${width} a caption`,
    });
  }
  captions.forEach((caption, index) => {
    const length = Math.hypot(...rows.subarray(index * width, (index + 1) * width));
    if (Number.isFinite(length) && length > 0) return;
    throw new LacunaError({
      where: name,
      what: 'the teacher returned an embedding without a direction',
      got: `length ${length} for ${shortened(caption)}`,
    });
  });
}

function distinctOf(captions: readonly string[]): readonly string[] {
  const distinct = [...new Set(captions)];
  if (distinct.length > 0) return distinct;
  throw new LacunaError({ what: 'there is no caption to embed' });
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function damaged(path: string, what: string): LacunaError {
  return new LacunaError({ where: path, what: `the teacher's embeddings cannot be used: ${what}` });
}

function shortened(caption: string): string {
  return caption.length > 80 ? `"${caption.slice(0, 80)}..."` : `"${caption}"`;
}
