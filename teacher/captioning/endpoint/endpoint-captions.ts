import type { ClipRecord } from '../../../data/index.js';
import { LacunaError } from '../../../spec/errors.js';
import type { CaptionSource } from '../caption-source.js';
import { checkTemplates, fillTemplate } from '../caption-template.js';
import { checkLabels, NO_LABEL } from '../check-labels.js';
import { labelWords } from '../label-words.js';
import { ChatEndpoint, type ChatEndpointOptions, type ChatRequest } from './chat-endpoint.js';

/**
 * The prompts that TGM gives to GPT-3.5 for "vision-free" captions of a class of actions: Figure
 * 5(a), `{}` standing for the class.
 */
export const TGM_PROMPTS: readonly string[] = [
  'Describe the action {}.',
  'What does a person {} look like?',
  'What does the act of {} look like?',
];

/** Prompts sent at once. */
const MAX_AT_ONCE = 64;

export interface EndpointCaptionsOptions extends ChatEndpointOptions {
  /** @defaultValue `TGM_PROMPTS` */
  readonly prompts?: readonly string[];
  /** How many labels are asked for at once. @defaultValue 2 */
  readonly concurrency?: number;
}

/**
 * Captions that a language model writes for each label, one a prompt: "vision-free" captions. A label
 * is asked for once and its videos share the captions. What is sent is the prompt with the words of
 * the label, and nothing of the videos: no frame, no path.
 *
 * @throws LacunaError for options that cannot be used, and for videos without labels.
 */
export function endpointCaptions(
  records: readonly ClipRecord[],
  { prompts = TGM_PROMPTS, concurrency = 2, ...options }: EndpointCaptionsOptions,
): CaptionSource {
  checkTemplates('--prompt', prompts);
  checkLabels(records);
  checkConcurrency(concurrency);
  const endpoint = new ChatEndpoint(options);
  const { model, temperature, max_tokens } = endpoint.request('');
  return {
    facts: { source: 'endpoint', url: endpoint.url, model, temperature, max_tokens, prompts },
    concurrency,
    keyOf: keyOfWords,
    caption: async ({ label }, signal) => {
      if (label === undefined) return { problem: NO_LABEL };
      const words = labelWords(label);
      const captions: string[] = [];
      for (const prompt of prompts) {
        captions.push(await endpoint.ask(fillTemplate(prompt, words), signal));
      }
      const empty = captions.filter((caption) => caption.trim() === '').length;
      if (empty === captions.length) {
        return { problem: `the endpoint answers nothing about ${JSON.stringify(words)}` };
      }
      return empty === 0
        ? { captions }
        : { captions, note: `${empty} of ${captions.length} replies are empty` };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** The requests that `endpointCaptions` would send for these records, in their order. */
export function endpointRequests(
  records: readonly ClipRecord[],
  { prompts = TGM_PROMPTS, concurrency: _, ...options }: EndpointCaptionsOptions,
): { readonly url: string; readonly requests: readonly ChatRequest[] } {
  checkTemplates('--prompt', prompts);
  checkLabels(records);
  const endpoint = new ChatEndpoint(options);
  const words = new Set(
    records.flatMap(({ label }) => (label === undefined ? [] : [labelWords(label)])),
  );
  const requests = [...words].flatMap((each) =>
    prompts.map((prompt) => endpoint.request(fillTemplate(prompt, each))),
  );
  return { url: endpoint.url, requests };
}

function keyOfWords({ label }: ClipRecord): string {
  return label === undefined ? 'no label' : `words ${labelWords(label)}`;
}

function checkConcurrency(concurrency: number): void {
  if (Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= MAX_AT_ONCE) return;
  throw new LacunaError({
    what: 'the number of requests at once is wrong',
    where: '--concurrency',
    got: String(concurrency),
    expected: `a whole number from 1 to ${MAX_AT_ONCE}`,
  });
}
