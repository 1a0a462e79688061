import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

type TinyCaptioners = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const FIXTURES = resolve(import.meta.dirname, '../model/fixtures/tiny-captioners.json');

/** The captioners that fixtures/make-tiny-captioners.py writes: each says "a red picture" or the like. */
export const TINY_CAPTIONERS = ['vit-gpt2', 'florence-2', 'smolvlm'] as const;

/** Writes the folder of one of them, as it would come from Hugging Face. */
export function writeTinyCaptioner(folder: string, name: (typeof TINY_CAPTIONERS)[number]): void {
  const all = JSON.parse(readFileSync(FIXTURES, 'utf8')) as TinyCaptioners;
  for (const [file, content] of Object.entries(all[name] ?? {})) {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytesOf(file, content));
  }
}

function bytesOf(file: string, content: unknown): Buffer {
  if (typeof content !== 'string') return Buffer.from(JSON.stringify(content));
  return Buffer.from(content, file.endsWith('.onnx') ? 'base64' : 'utf8');
}
