import { LacunaError } from '../../../spec/errors.js';
import type { CaptionerFolder } from './captioner-folder.js';
import {
  loadTransformers,
  type RawImage,
  type TransformersLibrary,
} from './transformers-library.js';

export interface CaptionerOptions {
  readonly dtype: string;
  readonly maxTokens: number;
  /** What is asked of a model that takes instructions. */
  readonly instruction: string;
}

/** An image in, a sentence out. */
export interface Captioner extends AsyncDisposable {
  /** @param data RGB24, [height, width, 3]. */
  caption(data: Uint8Array, width: number, height: number): Promise<string>;
}

type Describe = (image: RawImage) => Promise<string>;

/** Florence-2 is asked by a task token, of which this is the one for a short caption. */
const FLORENCE_TASK = '<CAPTION>';

/** Loads a captioner. @throws LacunaError without the library, or when the folder does not load. */
export async function openCaptioner(
  folder: CaptionerFolder,
  options: CaptionerOptions,
): Promise<Captioner> {
  const library = await loadTransformers();
  const { describe, dispose } = await load(library, folder, options);
  return {
    caption: (data, width, height) => describe(new library.RawImage(data, width, height, 3)),
    [Symbol.asyncDispose]: async () => {
      await dispose();
    },
  };
}

interface Loaded {
  readonly describe: Describe;
  readonly dispose: () => Promise<unknown>;
}

async function load(
  library: TransformersLibrary,
  folder: CaptionerFolder,
  options: CaptionerOptions,
): Promise<Loaded> {
  try {
    return await LOADERS[folder.kind](library, folder.path, options);
  } catch (cause) {
    throw new LacunaError(
      {
        what: 'the captioner does not load',
        where: folder.path,
        got: firstLine(cause),
        fix: 'Check that its files are whole and of one model.',
      },
      { cause },
    );
  }
}

/** The first line of an error, short. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? '').slice(0, 300);
}

type Loader = (
  library: TransformersLibrary,
  path: string,
  options: CaptionerOptions,
) => Promise<Loaded>;

/** ViT-GPT2 and its like: an image encoder and a text decoder, without a prompt. */
const loadVisionEncoderDecoder: Loader = async (library, path, { dtype, maxTokens }) => {
  const captioner = await library.pipeline('image-to-text', path, sources(dtype));
  return {
    describe: async (image) => {
      const [first] = await captioner(image, generation(maxTokens));
      return first?.generated_text ?? '';
    },
    dispose: () => captioner.dispose(),
  };
};

/** Florence-2: a task token in, a sequence out whose task tokens the processor takes away. */
const loadFlorence: Loader = async (library, path, { dtype, maxTokens }) => {
  const processor = await library.AutoProcessor.from_pretrained(path, { local_files_only: true });
  const { construct_prompts, post_process_generation } = processor;
  if (construct_prompts === undefined || post_process_generation === undefined) {
    throw new Error('preprocessor_config.json names no processor of Florence-2');
  }
  const model = await library.AutoModelForImageTextToText.from_pretrained(path, sources(dtype));
  return {
    describe: async (image) => {
      const inputs = await processor(image, construct_prompts.call(processor, FLORENCE_TASK));
      const tokens = await model.generate({ ...inputs, ...generation(maxTokens) });
      const [text = ''] = processor.batch_decode(tokens, { skip_special_tokens: false });
      const answer = post_process_generation.call(processor, text, FLORENCE_TASK, image.size);
      return String(answer[FLORENCE_TASK] ?? '');
    },
    dispose: () => model.dispose(),
  };
};

/** SmolVLM: a chat about one image, which is not cut into tiles. */
const loadSmolVlm: Loader = async (library, path, { dtype, maxTokens, instruction }) => {
  const processor = await library.AutoProcessor.from_pretrained(path, { local_files_only: true });
  const model = await library.AutoModelForImageTextToText.from_pretrained(path, sources(dtype));
  const content = [{ type: 'image' }, { type: 'text', text: instruction }];
  const prompt = processor.apply_chat_template([{ role: 'user', content }], {
    add_generation_prompt: true,
  });
  return {
    describe: async (image) => {
      const inputs = await processor(prompt, [image], { do_image_splitting: false });
      const tokens = await model.generate({ ...inputs, ...generation(maxTokens) });
      const asked = inputs.input_ids?.dims.at(-1) ?? 0;
      const [text = ''] = processor.batch_decode(tokens.slice(null, [asked, null]), {
        skip_special_tokens: true,
      });
      return text;
    },
    dispose: () => model.dispose(),
  };
};

const LOADERS: Readonly<Record<CaptionerFolder['kind'], Loader>> = {
  'vision-encoder-decoder': loadVisionEncoderDecoder,
  florence2: loadFlorence,
  smolvlm: loadSmolVlm,
};

function sources(dtype: string) {
  return { dtype, device: 'cpu', local_files_only: true } as const;
}

/** Always the likeliest next token: the same captions in every run. */
function generation(maxTokens: number) {
  return { max_new_tokens: maxTokens, do_sample: false } as const;
}
