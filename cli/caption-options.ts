import { LacunaError } from '../spec/index.js';
import type { EndpointCaptionsOptions, ModelCaptionsOptions } from '../teacher/index.js';

export const SOURCES = ['model', 'labels', 'endpoint'] as const;
export type SourceName = (typeof SOURCES)[number];

/** Flags of `lacuna caption`. */
export interface CaptionFlags {
  readonly source?: string;
  readonly output: string;
  readonly root?: string;
  readonly followLinks?: boolean;
  readonly split?: string;
  readonly video?: string;
  readonly parts?: boolean;
  readonly labelsFromFolders?: boolean;
  readonly labelNames?: string;
  readonly overwrite?: boolean;
  readonly restart?: boolean;
  readonly model?: string;
  readonly frames?: string;
  readonly dtype?: string;
  readonly instruction?: string;
  readonly maxTokens?: string;
  readonly template?: readonly string[];
  readonly endpoint?: string;
  readonly keyVariable?: string;
  readonly prompt?: readonly string[];
  readonly temperature?: string;
  readonly timeout?: string;
  readonly retries?: string;
  readonly concurrency?: string;
  readonly dryRun?: boolean;
}

/** The environment variable that a key is taken from where no other is named. */
export const KEY_VARIABLE = 'LACUNA_API_KEY';

/** Options that not all sources know, with those that do. */
const KNOWN_TO: Partial<Record<keyof CaptionFlags, readonly SourceName[]>> = {
  model: ['model', 'endpoint'],
  frames: ['model'],
  dtype: ['model'],
  instruction: ['model'],
  maxTokens: ['model', 'endpoint'],
  template: ['labels'],
  endpoint: ['endpoint'],
  keyVariable: ['endpoint'],
  prompt: ['endpoint'],
  temperature: ['endpoint'],
  timeout: ['endpoint'],
  retries: ['endpoint'],
  concurrency: ['endpoint'],
  dryRun: ['endpoint'],
};

/** The source asked for. @throws LacunaError where there is none, or an option that it does not know. */
export function sourceName(flags: CaptionFlags): SourceName {
  const source = SOURCES.find((name) => name === flags.source);
  if (source === undefined) {
    throw new LacunaError({
      where: '--source',
      what:
        flags.source === undefined ? 'it is not said where captions come from' : 'unknown source',
      ...(flags.source === undefined ? {} : { got: JSON.stringify(flags.source) }),
      expected: SOURCES.join(', '),
    });
  }
  for (const [flag, sources] of Object.entries(KNOWN_TO)) {
    if (flags[flag as keyof CaptionFlags] === undefined || sources.includes(source)) continue;
    throw new LacunaError({
      where: optionOf(flag),
      what: `this is no option of --source ${source}`,
      expected: `--source ${sources.join(' or ')}`,
    });
  }
  return source;
}

/** The options of an endpoint; the key comes from the environment alone. */
export function endpointOptions(flags: CaptionFlags): EndpointCaptionsOptions {
  const { keyVariable = KEY_VARIABLE, prompt } = flags;
  const value = process.env[keyVariable];
  if (flags.keyVariable !== undefined && (value === undefined || value === '')) {
    throw new LacunaError({
      where: '--key-variable',
      what: 'there is no such environment variable, or it is empty',
      fix: 'Give the name of the variable, not the key itself.',
    });
  }
  const within = <F extends keyof CaptionFlags>(
    flag: F,
    least: number,
    most: number,
    whole = true,
  ): Partial<Record<F, number>> => numberOf(flags, flag, least, most, whole);
  return {
    base: needed(flags, 'endpoint', 'http://localhost:11434/v1'),
    model: needed(flags, 'model', 'llama3.2'),
    ...(value === undefined || value === '' ? {} : { key: { variable: keyVariable, value } }),
    ...(prompt === undefined ? {} : { prompts: prompt }),
    ...within('temperature', 0, 2, false),
    ...within('maxTokens', 1, 4096),
    ...within('timeout', 0.01, 3600, false),
    ...within('retries', 0, 100),
    ...within('concurrency', 1, 64),
  };
}

/** The options of a captioner, besides its folder. */
export function captionerOptions(
  flags: CaptionFlags,
): Pick<ModelCaptionsOptions, 'frames' | 'dtype' | 'maxTokens' | 'instruction'> {
  const { dtype, instruction } = flags;
  return {
    ...(dtype === undefined ? {} : { dtype }),
    ...(instruction === undefined ? {} : { instruction }),
    ...numberOf(flags, 'frames', 1, 100),
    ...numberOf(flags, 'maxTokens', 1, 4096),
  };
}

/** The value of an option that the source cannot do without. */
export function needed(flags: CaptionFlags, flag: 'endpoint' | 'model', example: string): string {
  const value = flags[flag];
  if (value !== undefined && value !== '') return value;
  throw new LacunaError({
    where: optionOf(flag),
    what: `--source ${flags.source} needs it`,
    expected: `for example ${optionOf(flag)} ${example}`,
  });
}

/** `{ flag: number }` where the flag is given, `{}` where not. */
export function numberOf<F extends keyof CaptionFlags>(
  flags: CaptionFlags,
  flag: F,
  least: number,
  most: number,
  whole = true,
): Partial<Record<F, number>> {
  const text = flags[flag];
  if (text === undefined) return {};
  const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN;
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) {
    return { [flag]: value } as Partial<Record<F, number>>;
  }
  throw new LacunaError({
    where: optionOf(flag),
    what: 'the value is out of bounds',
    got: JSON.stringify(text),
    expected: `a ${whole ? 'whole ' : ''}number from ${least} to ${most}`,
  });
}

function optionOf(flag: string): string {
  return `--${flag.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`;
}
