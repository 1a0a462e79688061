import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainFile } from '../../formats/plain-file.js';
import { LacunaError } from '../../spec/errors.js';

const MAX_CONFIG_BYTES = 2 ** 20;

/** The ONNX files of a tower, relative to its folder. */
export interface OnnxFiles {
  readonly vision: string;
  readonly text: string;
}

const COMBINED = 'onnx/model.onnx';
const VISION = 'onnx/vision_model.onnx';
const TEXT = 'onnx/text_model.onnx';
const NEEDED = ['config.json', 'preprocessor_config.json', 'tokenizer.json'] as const;

/**
 * Which ONNX files of the folder to use: the two towers' own where both are there (a tower is then
 * read alone), else the combined one.
 *
 * @throws LacunaError that names what is missing and where such files are found.
 */
export async function onnxFiles(folder: string): Promise<OnnxFiles> {
  const entries = await readdir(folder).catch(() => undefined);
  if (entries === undefined) throw incomplete(folder, 'there is no such folder', undefined);
  const onnx = await readdir(join(folder, 'onnx')).catch(() => [] as string[]);
  const present = new Set([...entries, ...onnx.map((name) => `onnx/${name}`)]);
  const missing: string[] = NEEDED.filter((name) => !present.has(name));
  const two = present.has(VISION) && present.has(TEXT);
  if (!two && !present.has(COMBINED)) {
    const absent = [VISION, TEXT].filter((name) => !present.has(name));
    missing.push(`${absent.join(' and ')} (or ${COMBINED} alone)`);
  }
  if (missing.length > 0) {
    throw incomplete(folder, 'a CLIP or SigLIP folder lacks files', missing.join(', '));
  }
  return two ? { vision: VISION, text: TEXT } : { vision: COMBINED, text: COMBINED };
}

function incomplete(folder: string, what: string, missing: string | undefined): LacunaError {
  return new LacunaError({
    where: folder,
    what,
    ...(missing === undefined ? {} : { got: `no ${missing}` }),
    fix:
      `Fetch ${NEEDED.join(', ')}, tokenizer_config.json and either ${VISION} with ${TEXT} or ` +
      `${COMBINED}, each with its external data if it has some, under these names from an ONNX ` +
      'conversion on the Hugging Face Hub, for example Xenova/clip-vit-base-patch32, ' +
      'Xenova/clip-vit-base-patch16, Xenova/clip-vit-large-patch14 (of the openai models) or ' +
      'Xenova/siglip-base-patch16-224.',
  });
}

/** The value in a JSON file of the folder. @throws LacunaError if it is too large or no JSON. */
export async function readConfig(folder: string, name: string): Promise<unknown> {
  const file = join(folder, name);
  const { size } = await plainFile(file);
  if (size > MAX_CONFIG_BYTES) {
    throw new LacunaError({
      where: file,
      what: 'the file is too large for a configuration',
      got: `${size} bytes`,
      expected: `at most ${MAX_CONFIG_BYTES}`,
    });
  }
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new LacunaError(
      {
        where: file,
        what: 'the file is not JSON',
        got: cause instanceof Error ? cause.message : String(cause),
        fix: 'It may have been cut off while it was copied: fetch it again.',
      },
      { cause },
    );
  }
}
