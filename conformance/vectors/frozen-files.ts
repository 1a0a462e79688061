import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('./frozen/', import.meta.url);

/**
 * The texts of the frozen vectors, by the names of their files. Nothing else of the suite reads
 * files: a browser is served a module of this name with the texts in it.
 */
export const FROZEN_FILES: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => [file, readFileSync(new URL(file, FOLDER), 'utf8')]),
);
