import { existsSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { sha256 } from '../../core/sha256.js';
import { createTokenizer, readTokenizer, type Tokenizer } from '../../data/index.js';
import { readOnnxFile } from '../../formats/onnx/onnx-file.js';
import { fileDigest } from '../../formats/plain-file.js';
import type { Aligner } from '../../run/aligner.js';
import { LacunaError } from '../../spec/errors.js';
import { TextTower } from './text-tower.js';
import { towerFacts } from './tower-config.js';
import { onnxFiles, readConfig } from './tower-folder.js';
import { VisionTower } from './vision-tower.js';

export interface TowerOptions {
  /** Threads of one run, at least 1. @defaultValue those that ONNX Runtime chooses */
  readonly threads?: number;
}

/** Changes whenever the same files give other embeddings: how images and captions are prepared. */
const RULES = 'lacuna tower 1';

/**
 * A CLIP or SigLIP teacher from a local folder in the layout of the Hugging Face Hub: `config.json`,
 * `preprocessor_config.json`, `tokenizer.json`, and in `onnx/` either `vision_model.onnx` and
 * `text_model.onnx`, or a combined `model.onnx`, in float32; with external data if they have some.
 *
 * Images are taken at the tower's size (`fitFrame` and `resizeBicubic` bring them there) and
 * normalised as `preprocessor_config.json` says. Captions are padded to the tower's length.
 * `embedPatches` puts each patch token through what follows the pooling: for CLIP the last layer
 * norm and the projection; for SigLIP the pooling head of a query that attends to that patch alone.
 * Files are checked at once, but a tower is only loaded when it is first used.
 *
 * @throws LacunaError if files are missing, damaged, or do not agree with each other.
 */
export async function openTower(folder: string, options: TowerOptions = {}): Promise<Aligner> {
  checkThreads(options.threads);
  const names = await onnxFiles(folder);
  const facts = await inFolder(folder, async () =>
    towerFacts(
      await readConfig(folder, 'config.json'),
      await readConfig(folder, 'preprocessor_config.json'),
    ),
  );
  const { tokenizer, padId } = await folderTokenizer(folder, facts.kind);
  const visionFile = await readOnnxFile(join(folder, names.vision));
  const textFile =
    names.text === names.vision ? visionFile : await readOnnxFile(join(folder, names.text));
  const vision = new VisionTower(visionFile, facts, options);
  const text = new TextTower(textFile, facts, tokenizer, padId, options);

  const digests = new Map([...visionFile.digests, ...textFile.digests]);
  for (const name of [
    'config.json',
    'preprocessor_config.json',
    'tokenizer.json',
    'tokenizer_config.json',
  ]) {
    const path = join(folder, name);
    if (existsSync(path)) digests.set(path, await fileDigest(path));
  }
  return {
    name: basename(resolve(folder)),
    digest: digestOf(folder, digests),
    width: facts.width,
    size: facts.size,
    patch: facts.patch,
    embedImages: (images, count) => vision.embed(images, count),
    embedPatches: (images, count) => vision.embedPatches(images, count),
    embedTexts: (captions) => text.embed(captions),
    dispose: async () => {
      await vision.dispose();
      await text.dispose();
    },
  };
}

/** SHA-256 over the rules and, by name, the digest of each file. */
function digestOf(folder: string, digests: ReadonlyMap<string, string>): string {
  const lines = [...digests].map(
    ([path, digest]) => `${relative(folder, path).replaceAll('\\', '/')} ${digest}`,
  );
  return sha256([RULES, ...lines.sort()].join('\n'));
}

/**
 * The folder's tokenizer, and what fills up captions. CLIP takes its end token; SigLIP its padding
 * token, which tokenizer_config.json names, and which is the end token in all that were published.
 */
async function folderTokenizer(
  folder: string,
  kind: 'clip' | 'siglip',
): Promise<{ readonly tokenizer: Tokenizer; readonly padId: number }> {
  return inFolder(folder, async () => {
    const definition = await readTokenizer(folder);
    const tokenizer = createTokenizer(definition);
    const named = kind === 'siglip' && definition.config.pad_token !== undefined;
    const padId = named ? tokenizer.padId : (tokenizer.eosId ?? tokenizer.padId);
    return { tokenizer, padId };
  });
}

/** Names the folder in errors that name a file in it alone. */
async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    const { where = '' } = error.facts;
    if (where.startsWith(folder)) throw error;
    throw new LacunaError({ ...error.facts, where: join(folder, where) }, { cause: error });
  }
}

function checkThreads(threads: number | undefined): void {
  if (threads === undefined || (Number.isInteger(threads) && threads >= 1 && threads <= 1024))
    return;
  throw new LacunaError({
    what: 'the number of threads is out of bounds',
    got: String(threads),
    expected: 'an integer in [1, 1024]',
  });
}
