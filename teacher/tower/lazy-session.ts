import { type OnnxFile, readOnnxFile } from '../../formats/onnx/onnx-file.js';
import { fileDigest } from '../../formats/plain-file.js';
import { LacunaError } from '../../spec/errors.js';

/** What is made of an ONNX file on first use, and given back once. */
export interface LazySession<T> {
  /** @throws LacunaError if the file has changed since it was digested, or after `dispose`. */
  get(): Promise<T>;
  dispose(): Promise<void>;
}

/** SHA-256, hex, of each file that an ONNX file consists of. */
export async function onnxDigests(file: OnnxFile): Promise<ReadonlyMap<string, string>> {
  const digests = new Map([[file.path, file.digest]]);
  for (const path of file.externalFiles) digests.set(path, await fileDigest(path));
  return digests;
}

/**
 * Keeps nothing of `file` but its path and digests: a folder may be opened for one of its towers,
 * and a file can have a gigabyte.
 */
export function lazySession<T>(
  { path, digest }: OnnxFile,
  make: (file: OnnxFile) => Promise<T>,
  release: (made: T) => Promise<void>,
): LazySession<T> {
  let made: Promise<T> | undefined;
  let disposed = false;
  const read = async (): Promise<T> => {
    const again = await readOnnxFile(path);
    if (again.digest !== digest) {
      throw new LacunaError({
        where: path,
        what: 'the file has changed while it was in use',
        fix: 'Start again.',
      });
    }
    return make(again);
  };
  return {
    async get() {
      if (disposed) throw new LacunaError({ where: path, what: 'the tower was disposed of' });
      made ??= read();
      return made;
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      const settled = await made?.catch(() => undefined);
      if (settled !== undefined) await release(settled);
    },
  };
}
