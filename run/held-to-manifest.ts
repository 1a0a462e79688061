import { dirname, join } from 'node:path';
import { sha256 } from '../core/sha256.js';
import { MAX_TOKENIZER_BYTES, readTokenizer, type TokenizerDefinition } from '../data/index.js';
import { readOwnFile } from '../formats/own-file.js';
import { LacunaError } from '../spec/index.js';
import type { Aligner } from './aligner.js';
import type { RunManifest } from './manifest.js';

/** @throws LacunaError where the tokenizer of a run is not the one that it began with. */
export async function requireTokenizer(
  file: string,
  { tokenizer: expected }: Pick<RunManifest, 'tokenizer'>,
): Promise<void> {
  const bytes = await readOwnFile(file, MAX_TOKENIZER_BYTES);
  const config = join(dirname(file), 'tokenizer_config.json');
  await readOwnFile(config, MAX_TOKENIZER_BYTES);
  if (bytes === undefined || expected === undefined || sha256(bytes) === expected) return;
  throw new LacunaError({
    where: file,
    what: 'the tokenizer of this run has changed since it began',
    got: `digest ${sha256(bytes).slice(0, 12)}`,
    expected: expected.slice(0, 12),
    fix: 'Restore the file from a copy.',
  });
}

/**
 * The tokenizer of a run; undefined where it reads no text.
 * @throws LacunaError where it is not the one that the run began with.
 */
export async function runTokenizer(
  folder: string,
  manifest: Pick<RunManifest, 'tokenizer' | 'vocabulary'>,
): Promise<TokenizerDefinition | undefined> {
  if (manifest.vocabulary === 0) return undefined;
  const file = join(folder, 'tokenizer.json');
  await requireTokenizer(file, manifest);
  return readTokenizer(file);
}

/** @throws LacunaError where a teacher is not the one that a run began with. */
export function requireTeacherOf(
  { teacher: known, settings }: RunManifest,
  teacher: Pick<Aligner, 'digest'>,
): void {
  if (teacher.digest === known?.digest) return;
  throw new LacunaError({
    where: settings.contrastive.teacher ?? 'contrastive.teacher',
    what: 'the teacher of this run has changed since it began',
    got: `digest ${teacher.digest.slice(0, 12)}`,
    expected: `${known?.digest.slice(0, 12)}`,
    fix: 'Restore it, or begin a new run.',
  });
}
