import { type OnnxFile, readOnnxFile } from '../../formats/onnx/onnx-file.js';
import { LacunaError } from '../../spec/errors.js';

/** What is made of an ONNX file on first use, and given back once. */
export interface LazySession<T> {
  /** @throws LacunaError if the file has changed since it was digested, or after `dispose`. */
  get(): Promise<T>;
  dispose(): Promise<void>;
}

/**
 * Keeps nothing of `file` but its path and digests: a folder may be opened for one of its towers,
 * and a file can have a gigabyte. What is read again must be what was digested, external data too.
 */
export function lazySession<T>(
  { path, digests }: OnnxFile,
  make: (file: OnnxFile) => Promise<T>,
  release: (made: T) => Promise<void>,
): LazySession<T> {
  let made: Promise<T> | undefined;
  let disposed = false;
  const read = async (): Promise<T> => {
    const again = await readOnnxFile(path);
    for (const [part, digest] of again.digests) {
      if (digests.get(part) === digest) continue;
      throw new LacunaError({
        where: part,
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
