import { LacunaError } from '../../spec/errors.js';
import { presetNamed } from '../../spec/model/presets.js';
import type { Temperature } from '../../spec/objectives/info-nce.js';
import type { RunSettings } from '../settings/config.js';
import { DEFAULT_PRESET } from '../settings/settings.js';

type Plain = string | number | boolean | readonly number[] | Temperature;

/** What weights need of a setting, or suggest for it. */
export interface Demand {
  /** The setting: `encoder.width`. */
  readonly key: string;
  readonly value: Plain;
  /** What fits as well. */
  readonly also?: readonly Plain[];
  /** Whether another value is refused. A suggestion is taken only where a person says nothing. */
  readonly firm: boolean;
}

/** Demands of one section: `{ width: 768 }` of `encoder` is that of `encoder.width`. */
export function demandsOf(
  section: string,
  values: Readonly<Record<string, Plain | undefined>>,
  firm: boolean = true,
): Demand[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key: `${section}.${key}`, value, firm }],
  );
}

/** What a setting is where neither a person nor the preset says anything. */
const DEFAULTS: Readonly<Record<string, Plain>> = {
  mlpRatio: 4,
  normEps: 1e-6,
  finalNormEps: 1e-6,
  activation: 'gelu',
  keyBias: false,
  positions: 'sinusoid',
  classToken: false,
  embeddingNorm: false,
  finalNorm: true,
  segments: 0,
  norms: 'before',
  attention: 'full',
  pool: 'first',
  bias: true,
  'encoder.attention': 'joint',
};

/**
 * A configuration in which what the weights need stands wherever a person left it open. A text is cut to
 * what the weights have positions for.
 *
 * @param from The folder, for errors.
 * @throws LacunaError where a person wrote what the weights contradict.
 */
export function withDemands(
  config: Readonly<Record<string, unknown>>,
  demands: readonly Demand[],
  from: string,
): Record<string, unknown> {
  let result = { ...config };
  for (const demand of demands) {
    const path = demand.key.split('.');
    const written = valueAt(config, path);
    if (written === undefined) {
      const usual = isAtMost(demand) ? presetLength(config) : Number.POSITIVE_INFINITY;
      if (isAtMost(demand) && usual <= Number(demand.value)) continue;
      result = replaced(result, path, demand.value);
    } else requireValue(demand, written, from);
  }
  return result;
}

/** @throws LacunaError where the settings of a run are not those that its weights need. */
export function requireDemands(
  settings: RunSettings,
  demands: readonly Demand[],
  from: string,
): void {
  for (const demand of demands) {
    const found = settingAt(settings, demand);
    if (found !== undefined) requireValue(demand, found, from);
  }
}

function settingAt(settings: RunSettings, { key }: Demand): unknown {
  const path = key.split('.');
  return valueAt({ ...settings }, path) ?? DEFAULTS[key] ?? DEFAULTS[path.at(-1) ?? ''];
}

/** A setting that is not what a model needs, and what it would have to be, as a person reads it. */
export interface Unmet {
  readonly key: string;
  readonly got: string;
  readonly expected: string;
}

/** Which of the demands, suggestions among them, the settings do not meet. */
export function unmetDemands(settings: RunSettings, demands: readonly Demand[]): readonly Unmet[] {
  return demands.flatMap((demand) => {
    const found = settingAt(settings, demand);
    return isMet(demand, found) ? [] : [{ key: demand.key, ...shown(demand, found) }];
  });
}

/** Positions are a table that may be longer than what is asked of it. */
function isAtMost({ key }: Demand): boolean {
  return key === 'text.length';
}

function requireValue(demand: Demand, found: unknown, from: string): void {
  const { key, firm } = demand;
  if (!firm || isMet(demand, found)) return;
  throw new LacunaError({
    where: key,
    what: `the weights in ${from} were trained otherwise`,
    ...shown(demand, found),
    fix: `Leave ${key} out, so that it follows the weights; or begin without them.`,
  });
}

function isMet(demand: Demand, found: unknown): boolean {
  const { value, also = [] } = demand;
  if (isAtMost(demand) && typeof found === 'number' && found <= Number(value)) return true;
  return [value, ...also].some((each) => JSON.stringify(each) === JSON.stringify(found));
}

function shown(demand: Demand, found: unknown): Pick<Unmet, 'got' | 'expected'> {
  const { value, also = [] } = demand;
  return {
    got: JSON.stringify(found)?.slice(0, 80) ?? String(found),
    expected: isAtMost(demand)
      ? `at most ${value}`
      : [value, ...also].map((each) => JSON.stringify(each)).join(' or '),
  };
}

function presetLength({ preset }: Readonly<Record<string, unknown>>): number {
  return presetNamed(typeof preset === 'string' ? preset : DEFAULT_PRESET).text.length;
}

function valueAt(config: Readonly<Record<string, unknown>>, path: readonly string[]): unknown {
  let value: unknown = config;
  for (const key of path) {
    if (!isObject(value)) return undefined;
    value = value[key];
  }
  return value;
}

/** A section that is no object stays as it is: it is refused where the configuration is checked. */
function replaced(
  config: Readonly<Record<string, unknown>>,
  [key = '', ...rest]: readonly string[],
  value: Plain,
): Record<string, unknown> {
  if (rest.length === 0) return { ...config, [key]: value };
  const inner = config[key] ?? {};
  return { ...config, [key]: isObject(inner) ? replaced(inner, rest, value) : inner };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
