import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Sha256 } from '../../../core/sha256.js';
import { fileDigest } from '../../../formats/plain-file.js';
import { LacunaError } from '../../../spec/errors.js';

/** The kinds of captioner that are known. */
export type CaptionerKind = 'vision-encoder-decoder' | 'florence2' | 'smolvlm';

/** A folder that holds a captioner, looked through. */
export interface CaptionerFolder {
  /** Its real path. */
  readonly path: string;
  readonly kind: CaptionerKind;
  /** SHA-256, hex, over the names and contents of all files that its captions depend on. */
  readonly digest: string;
}

/** The endings of the graphs' names, by the type of their numbers: the layout of Hugging Face's `onnx/`. */
export const DTYPE_ENDINGS: Readonly<Record<string, string>> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
};

/** The graphs of each kind. */
const GRAPHS: Readonly<Record<CaptionerKind, readonly string[]>> = {
  'vision-encoder-decoder': ['encoder_model', 'decoder_model_merged'],
  florence2: ['vision_encoder', 'embed_tokens', 'encoder_model', 'decoder_model_merged'],
  smolvlm: ['vision_encoder', 'embed_tokens', 'decoder_model_merged'],
};

/** `model_type` in config.json, by kind. Idefics3 is what SmolVLM was called in its first release. */
const KINDS: Readonly<Record<string, CaptionerKind>> = {
  'vision-encoder-decoder': 'vision-encoder-decoder',
  florence2: 'florence2',
  smolvlm: 'smolvlm',
  idefics3: 'smolvlm',
};
const NOT_IN_JAVASCRIPT = /^(?:blip|blip-2|blip_2|instructblip|git)$/;
const JSON_FILES = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'preprocessor_config.json',
];
/** Bytes of a config.json. */
const MAX_CONFIG_BYTES = 2 ** 22;
const EXAMPLES =
  'Xenova/vit-gpt2-image-captioning, onnx-community/Florence-2-base-ft or HuggingFaceTB/SmolVLM-256M-Instruct';

/**
 * Looks a folder with a captioner through: which kind it is, whether its files are there, and what
 * they digest to (which reads all of them once).
 *
 * @param dtype A key of `DTYPE_ENDINGS`.
 * @throws LacunaError that says which file is missing, or why the kind cannot be used.
 */
export async function openCaptionerFolder(folder: string, dtype: string): Promise<CaptionerFolder> {
  const ending = DTYPE_ENDINGS[dtype];
  if (ending === undefined) {
    throw new LacunaError({
      where: '--dtype',
      what: 'unknown type',
      got: JSON.stringify(dtype),
      expected: Object.keys(DTYPE_ENDINGS).join(', '),
    });
  }
  const path = await realpath(folder).catch(() => undefined);
  if (path === undefined || !(await stat(path)).isDirectory()) {
    throw new LacunaError({
      what: 'the folder of the captioner does not exist',
      where: folder,
      fix: `Download one, with its onnx folder, from Hugging Face: ${EXAMPLES}. Nothing is fetched from here.`,
    });
  }
  const kind = kindOf(await readConfig(folder, path), folder);
  const graphs = GRAPHS[kind].map((name) => `onnx/${name}${ending}.onnx`);
  for (const name of [...JSON_FILES, ...graphs]) await needFile(folder, path, name, dtype);
  return { path, kind, digest: await digestOf(path, graphs) };
}

async function readConfig(folder: string, path: string): Promise<unknown> {
  const name = join(path, 'config.json');
  await needFile(folder, path, 'config.json', '');
  try {
    if ((await stat(name)).size > MAX_CONFIG_BYTES) throw new Error('it is too large');
    return JSON.parse(await readFile(name, 'utf8'));
  } catch (error) {
    throw new LacunaError({
      what: 'the configuration of the captioner cannot be read',
      where: join(folder, 'config.json'),
      got: error instanceof Error ? error.message : String(error),
    });
  }
}

function kindOf(config: unknown, folder: string): CaptionerKind {
  const facts: Readonly<Record<string, unknown>> =
    typeof config === 'object' && config !== null ? { ...config } : {};
  const type = String(facts.model_type);
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (kind !== undefined) return kind;
  const where = join(folder, 'config.json');
  if (NOT_IN_JAVASCRIPT.test(type)) {
    throw new LacunaError({
      what: 'BLIP, BLIP-2 and GIT, which TGM and others caption with, are not to be had in JavaScript',
      where,
      got: `model_type ${JSON.stringify(type)}`,
      fix: `Take another captioner (${EXAMPLES}), or caption in Python and give the list to "lacuna pretrain".`,
    });
  }
  throw new LacunaError({
    what: 'this is no captioner that is known',
    where,
    got: `model_type ${JSON.stringify(type).slice(0, 60)}`,
    expected: Object.keys(KINDS).join(', '),
    fix: `For example: ${EXAMPLES}.`,
  });
}

async function needFile(folder: string, path: string, name: string, dtype: string): Promise<void> {
  const isFile = await stat(join(path, name)).then(
    (facts) => facts.isFile() && facts.size > 0,
    () => false,
  );
  if (isFile) return;
  const graph = name.startsWith('onnx/');
  const there = graph ? await readdir(join(path, 'onnx')).catch(() => []) : [];
  throw new LacunaError({
    what: 'the folder of the captioner lacks a file, or it is empty',
    where: folder,
    ...(there.length === 0 ? {} : { got: there.slice(0, 20).join(', ') }),
    expected: name,
    fix: graph
      ? `Download it, or choose with --dtype (now ${dtype}) a type whose files are there.`
      : 'Download the whole repository of the model, in the layout with an onnx folder.',
  });
}

/** Over all small files of the folder itself, and the graphs with the weights beside them. */
async function digestOf(path: string, graphs: readonly string[]): Promise<string> {
  const beside = (await readdir(join(path, 'onnx'))).map((name) => `onnx/${name}`);
  const weights = beside.filter((name) => graphs.some((graph) => name.startsWith(graph)));
  const small = (await readdir(path)).filter((name) => /\.(?:json|jinja|txt|model)$/.test(name));
  const digest = new Sha256();
  for (const name of [...small, ...weights].sort()) {
    digest.update(`${JSON.stringify([name, await fileDigest(join(path, name))])}\n`);
  }
  return digest.hex();
}
