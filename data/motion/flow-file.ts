import { readFile, stat } from 'node:fs/promises';
import { sha256 } from '../../core/sha256.js';
import { LacunaError } from '../../spec/errors.js';

/** A file with a model of optical flow: see `FlowModel`. */
export interface FlowFile {
  readonly path: string;
  /** Its SHA-256 in hex, where it is known: another file is then refused. @defaultValue unknown */
  readonly digest?: string;
}

/** The large RAFT has 21 MB. */
const MAX_BYTES = 2 ** 29;

/** @throws LacunaError for a file that is missing, too large, or not the one that `digest` says. */
export async function readFlowFile({
  path,
  digest: known,
}: FlowFile): Promise<{ readonly bytes: Uint8Array; readonly digest: string }> {
  const found = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (!found.isFile()) throw new LacunaError({ where: path, what: 'this is not a plain file' });
  if (found.size > MAX_BYTES) {
    throw new LacunaError({
      where: path,
      what: 'the file is too large for a model of optical flow',
      got: `${found.size} bytes`,
      expected: `at most ${MAX_BYTES}`,
    });
  }
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const digest = sha256(bytes);
  if (known === undefined || known === digest) return { bytes, digest };
  throw new LacunaError({
    where: path,
    what: 'the model of optical flow has changed since this run began',
    got: `digest ${digest.slice(0, 12)}`,
    expected: known.slice(0, 12),
    fix: 'Restore it, or begin a new run.',
  });
}

function unreadable(path: string, cause: unknown): LacunaError {
  const got = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return new LacunaError(
    {
      where: path,
      what: 'the model of optical flow cannot be read',
      got,
      expected: 'an ONNX file, as torch.onnx.export writes it of a RAFT of torchvision',
    },
    { cause },
  );
}
