import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const FOLDER = resolve(import.meta.dirname, '../../../shared/data');

/** What the manifest of the shared test data says of one file. */
export interface SharedFile {
  readonly file: string;
  readonly codec: string | null;
  readonly frames: number;
  readonly rotation: number;
  readonly width: number | null;
  readonly height: number | null;
  readonly expect?: string;
}

/** The folder of shared test videos, or undefined where it is absent: tests of it are then skipped. */
export const SHARED_DATA: string | undefined = existsSync(resolve(FOLDER, 'manifest.jsonl'))
  ? FOLDER
  : undefined;

/** Where the data are absent: a name each for the tests that are then skipped. */
const ABSENT: readonly SharedFile[] = [
  { file: 'each video', codec: null, frames: 1, rotation: 90, width: 1, height: 1 },
  { file: 'each broken file', codec: null, frames: 0, rotation: 0, width: null, height: null },
];

/** The entries of its manifest. */
export const SHARED_FILES: readonly SharedFile[] =
  SHARED_DATA === undefined
    ? ABSENT
    : readFileSync(resolve(SHARED_DATA, 'manifest.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as SharedFile);
