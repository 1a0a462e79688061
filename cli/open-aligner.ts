import type { RunSettings } from '../run/index.js';
import type { Aligner } from '../teacher/index.js';
import { openAlignerWith } from '../teacher/index.js';
import { openBackend } from './open-backend.js';

export interface OpenAlignerOptions {
  /** The backend of a run's model. @defaultValue the one that it was trained on */
  readonly backend?: RunSettings['backend'];
  readonly onNote?: (text: string) => void;
}

/**
 * The teacher in a folder, on one of the backends that the command line knows.
 *
 * @throws LacunaError for a folder that holds none, saying what is expected.
 */
export function openAligner(
  folder: string,
  { backend, onNote }: OpenAlignerOptions = {},
): Promise<Aligner> {
  return openAlignerWith(
    folder,
    (settings) => openBackend(backend === undefined ? settings : { backend }),
    onNote,
  );
}
