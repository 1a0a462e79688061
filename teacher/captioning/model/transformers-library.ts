import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { LacunaError } from '../../../spec/errors.js';

/** The parts of the package `@huggingface/transformers` that are used here. */
export interface TransformersLibrary {
  readonly env: TransformersEnvironment;
  readonly RawImage: new (
    data: Uint8Array,
    width: number,
    height: number,
    channels: number,
  ) => RawImage;
  readonly AutoProcessor: { from_pretrained(folder: string, options: object): Promise<Processor> };
  readonly AutoModelForImageTextToText: {
    from_pretrained(folder: string, options: LoadOptions): Promise<CaptionModel>;
  };
  pipeline(
    task: 'image-to-text',
    folder: string,
    options: LoadOptions,
  ): Promise<ImageToTextPipeline>;
}

interface TransformersEnvironment {
  allowRemoteModels: boolean;
  allowLocalModels: boolean;
  useFSCache: boolean;
  fetch: (input: unknown) => Promise<never>;
}

interface LoadOptions {
  readonly dtype: string;
  readonly device: 'cpu';
  readonly local_files_only: true;
}

export interface RawImage {
  readonly size: readonly [width: number, height: number];
}

/** A tensor of the library. */
interface Tensor {
  readonly dims: readonly number[];
  slice(...ranges: readonly (null | readonly [number, number | null])[]): Tensor;
}

type Inputs = Readonly<Record<string, Tensor>>;

interface Processor {
  (...inputs: readonly unknown[]): Promise<Inputs>;
  construct_prompts?(task: string): readonly string[];
  post_process_generation?(
    text: string,
    task: string,
    size: RawImage['size'],
  ): Readonly<Record<string, unknown>>;
  apply_chat_template(messages: readonly object[], options: object): string;
  batch_decode(
    tokens: Tensor,
    options: { readonly skip_special_tokens: boolean },
  ): readonly string[];
}

interface Generation {
  readonly max_new_tokens: number;
  readonly do_sample: false;
}

interface CaptionModel {
  generate(options: Generation & Readonly<Record<string, unknown>>): Promise<Tensor>;
  dispose(): Promise<unknown>;
}

interface ImageToTextPipeline {
  (image: RawImage, options: Generation): Promise<readonly { readonly generated_text: string }[]>;
  dispose(): Promise<unknown>;
}

const NAME = '@huggingface/transformers';
/** The release that was tried; a newer one of the same major version is taken too. */
const VERSION = '4.3.1';
const RUNTIME = 'onnxruntime-node';

/**
 * Loads the optional package `@huggingface/transformers`, from the folder that `LACUNA_TRANSFORMERS`
 * names, where there is one, else as any package. It is kept from the network.
 *
 * @throws LacunaError that says what to install where it is missing, does not load, or brings another
 *   version of ONNX Runtime: two versions cannot live in one process.
 */
export async function loadTransformers(): Promise<TransformersLibrary> {
  const folder = process.env.LACUNA_TRANSFORMERS;
  const own = createRequire(import.meta.url);
  const require = folder === undefined ? own : createRequire(join(resolve(folder), 'package.json'));
  let entry: string;
  try {
    entry = require.resolve(NAME);
  } catch (cause) {
    throw missing('it is not there', cause);
  }
  const version = packageVersion(entry, NAME);
  if (version?.split('.')[0] !== VERSION.split('.')[0]) throw missing(`version ${version}`);
  checkRuntime(runtimeVersion(own) ?? 'none', runtimeVersion(createRequire(entry)) ?? 'none');
  let library: TransformersLibrary;
  try {
    library = require(NAME) as TransformersLibrary;
  } catch (cause) {
    throw missing(String(cause).split('\n')[0] ?? '', cause);
  }
  library.env.allowRemoteModels = false;
  library.env.allowLocalModels = true;
  library.env.useFSCache = false;
  library.env.fetch = () => Promise.reject(new Error('the network is not used'));
  return library;
}

/** Refuses a library that runs on another ONNX Runtime than Lacuna. */
export function checkRuntime(ours: string, theirs: string): void {
  if (ours === theirs) return;
  throw new LacunaError({
    where: NAME,
    what: 'it brings another version of ONNX Runtime, and two cannot live in one process',
    got: `${RUNTIME} ${theirs}`,
    expected: `${RUNTIME} ${ours}, as Lacuna has`,
    fix: `Run "npm install --ignore-scripts ${NAME}@${VERSION}", which brings the same.`,
  });
}

function runtimeVersion(require: NodeJS.Require): string | undefined {
  try {
    return packageVersion(require.resolve(RUNTIME), RUNTIME);
  } catch {
    return undefined;
  }
}

/** The version in the package.json above a file of the package. */
function packageVersion(file: string, name: string): string | undefined {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const facts: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const { name: found, version } = facts as {
        readonly name?: string;
        readonly version?: string;
      };
      if (found === name) return version;
    } catch {
      // There is none here: look in the folder above.
    }
  }
  return undefined;
}

function missing(got: string, cause?: unknown): LacunaError {
  return new LacunaError(
    {
      what: `captions by a model need the package ${NAME}`,
      got,
      expected: `version ${VERSION}`,
      fix: `Run "npm install --ignore-scripts ${NAME}@${VERSION}" (its install script would fetch libraries for CUDA, which captions do not need).`,
    },
    { cause },
  );
}
