import {
  gridOf,
  LacunaError,
  type Layout,
  type StateSpec,
  videoMaeClassifierHf,
} from '../../../spec/index.js';
import { capabilitiesOf } from '../../settings/capabilities.js';
import { videoConfig } from '../../settings/clip.js';
import type { RunSettings } from '../../settings/config.js';
import { type Architecture, PARTS, TOWER_NAMES } from '../architectures/architecture.js';
import { huggingFaceArchitecture } from '../architectures/huggingface.js';
import { type Unmet, unmetDemands } from '../demands.js';
import type { ModelFacts } from './exported-run.js';
import { type GivenTensor, givenTensors } from './given-tensors.js';
import {
  EXPORT_MODEL_NAMES,
  EXPORT_MODELS,
  type ExportModel,
  type ExportModelName,
} from './models.js';

/** A run's model as it would be written: nothing is read yet. */
export interface ExportPlan {
  readonly name: ExportModelName;
  readonly model: ExportModel;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: readonly GivenTensor[];
  /** Ours that the other model has no place for. */
  readonly leftOut: readonly string[];
  /** What a person should know before loading it. */
  readonly notes: readonly string[];
}

interface Candidate {
  readonly name: ExportModelName;
  readonly unmet: readonly Unmet[];
}

/**
 * Plans how a run's model is written for Hugging Face transformers. Whether it fits is asked of the
 * import: the configuration that would be written is read as that of a stranger, and what it then
 * needs of the settings has to be what they are.
 *
 * @param wanted The model to write. @defaultValue the first of the table that fits
 * @param run The folder, for errors.
 * @throws LacunaError that names the settings which no such model has.
 */
export function planExport(
  settings: RunSettings,
  state: readonly StateSpec[],
  facts: ModelFacts,
  run: string,
  wanted?: ExportModelName,
): ExportPlan {
  const own = facts.heads === undefined ? settings : asClassifier(settings);
  const tried = EXPORT_MODEL_NAMES.filter((name) =>
    wanted === undefined
      ? hasVideo(name) && isOfTask(EXPORT_MODELS[name], facts.heads)
      : name === wanted,
  ).map((name) => ({ name, unmet: unmetBy(EXPORT_MODELS[name], own, facts) }));
  const found = tried.find(({ unmet }) => unmet.length === 0);
  if (found === undefined) throw unfit(run, tried, wanted);
  return planned(found.name, tried, own, state, facts);
}

/** A classifier pools the tokens as the blocks leave them, whatever norm its settings put there. */
function asClassifier(settings: RunSettings): RunSettings {
  return { ...settings, encoder: { ...settings.encoder, finalNorm: false } };
}

function hasVideo(name: ExportModelName): boolean {
  const { towers } = EXPORT_MODELS[name];
  return towers.includes('video');
}

/** A classifier is of a fine-tuned run; such a run has neither text nor what pretraining puts behind the encoder. */
function isOfTask(
  { towers, parts, classifies = false }: Pick<ExportModel, 'towers' | 'parts' | 'classifies'>,
  heads: ModelFacts['heads'],
): boolean {
  if (heads === undefined) return !classifies;
  return parts.length === 0 && !towers.includes('text');
}

/** Which settings are not those of a model. */
function unmetBy(model: ExportModel, settings: RunSettings, facts: ModelFacts): readonly Unmet[] {
  const missing = missingParts(model, settings, facts);
  if (missing.length > 0) return missing;
  const { towers } = read(model, settings, facts);
  const demands = model.towers.flatMap((name) => towers[name]?.demands ?? []);
  const needed = demands.filter(({ key, firm }) => firm || hasPartOf(model, key));
  return [...unmetDemands(settings, [...needed, ...model.needs]), ...unmetTokens(model, facts)];
}

/** The import only suggests how a decoder is; one that is written has to be so. */
function hasPartOf({ parts }: ExportModel, key: string): boolean {
  return key.startsWith('decoder.') && parts.includes('decoder');
}

function missingParts(
  { towers, parts, classifies = false }: ExportModel,
  settings: RunSettings,
  { heads }: ModelFacts,
): readonly Unmet[] {
  const { objective, contrastive } = settings;
  if (!isOfTask({ towers, parts, classifies }, heads)) {
    const [got, expected] = ['pretraining', 'fine-tuning'] as const;
    const task = heads === undefined ? { got, expected } : { got: expected, expected: got };
    return [{ key: 'task', ...task }];
  }
  if (heads !== undefined) {
    const count = `${heads.length}`;
    return classifies && heads.length !== 1 ? [{ key: 'heads', got: count, expected: '1' }] : [];
  }
  const { reconstructs, aligns, readsText } = capabilitiesOf(settings);
  const needed = (expected: string): Unmet => ({ key: 'objective', got: objective, expected });
  if (parts.includes('decoder') && !reconstructs) return [needed('mae or mae+contrastive')];
  const needsText = towers.includes('text');
  if ((needsText || parts.includes('projection.video')) && !aligns) {
    return [needed('contrastive or mae+contrastive')];
  }
  if (needsText && !readsText) {
    const got = contrastive.teacher === undefined ? 'nothing' : 'a frozen teacher';
    return [{ key: 'contrastive.teacher', got, expected: 'none: a text encoder of its own' }];
  }
  return [];
}

/** Of an end token with the id 2 transformers takes the token with the highest id, as in old CLIPs. */
const OLD_END = 2;

function unmetTokens({ config, towers }: ExportModel, { end }: ModelFacts): readonly Unmet[] {
  const isClip =
    towers.includes('text') &&
    [EXPORT_MODELS.clip.config, EXPORT_MODELS['clip-text'].config].includes(config);
  if (!isClip || (end !== null && end !== OLD_END)) return [];
  return [
    {
      key: 'data.tokenizer',
      got: end === null ? 'no end token' : `an end token with the id ${end}`,
      expected: 'one that ends a caption with a token of another id',
    },
  ];
}

function read(model: ExportModel, settings: RunSettings, facts: ModelFacts): Architecture {
  return huggingFaceArchitecture({ ...model.config(settings, facts) }, 'config.json');
}

function planned(
  name: ExportModelName,
  tried: readonly Candidate[],
  settings: RunSettings,
  state: readonly StateSpec[],
  facts: ModelFacts,
): ExportPlan {
  const model = EXPORT_MODELS[name];
  const { towers } = read(model, settings, facts);
  const video = videoConfig(settings);
  const tensors: GivenTensor[] = [];
  const written = new Set<string>();
  const notes: string[] = [];
  for (const each of model.towers) {
    const tower = towers[each];
    if (tower === undefined) continue;
    const isLeftOut = (spec: StateSpec): boolean =>
      PARTS[each].some((part) => !model.parts.includes(part) && spec.name.startsWith(`${part}.`));
    const isIn = ({ name: ours }: StateSpec): boolean =>
      TOWER_NAMES[each].test(ours) || (model.classifies === true && ours.startsWith(CLASSIFIER));
    const own = state.filter((spec) => isIn(spec) && !isLeftOut(spec));
    const layout = layoutOf(tower.layout, model, facts);
    const geometry = { video, grid: gridOf(video), first: tower.grid?.first ?? 0 };
    for (const tensor of givenTensors(layout, own, geometry)) {
      tensors.push({ ...tensor, name: withoutPrefix(tensor.name, model) });
    }
    for (const spec of own) written.add(spec.name);
    notes.push(...layout.notes);
  }
  const fuller = tried.find((each) => each.name === 'videomae');
  if (name === 'videomae-encoder' && fuller !== undefined && facts.heads === undefined) {
    notes.push(
      `The decoder is left out: ${EXPORT_MODELS.videomae.loads} needs ${told(fuller.unmet)}.`,
    );
  }
  const leftOut = state.map((spec) => spec.name).filter((each) => !written.has(each));
  const config = {
    architectures: [model.loads],
    ...model.config(settings, facts),
    torch_dtype: 'float32',
  };
  return { name, model, config, tensors, leftOut, notes };
}

const CLASSIFIER = 'classifier.';

function layoutOf(own: Layout, { classifies }: ExportModel, { heads = [] }: ModelFacts): Layout {
  const [head] = heads;
  return classifies === true && head !== undefined ? videoMaeClassifierHf(head.name) : own;
}

function withoutPrefix(name: string, { withoutPrefix: prefix = '' }: ExportModel): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/** Of several models that do not fit, the one that the fewest settings stand against. */
function unfit(
  run: string,
  tried: readonly Candidate[],
  wanted: ExportModelName | undefined,
): LacunaError {
  const [first, ...rest] = tried as [Candidate, ...Candidate[]];
  const near = rest.reduce((a, b) => (b.unmet.length < a.unmet.length ? b : a), first);
  const { loads } = EXPORT_MODELS[near.name];
  return new LacunaError({
    where: run,
    what: `the model of this run is no ${loads}${wanted === undefined ? ', the nearest of the models that it could be written as' : ''}`,
    got: near.unmet.map(({ key, got }) => `${key} ${got}`).join(', '),
    expected: near.unmet.map(({ key, expected }) => `${key} ${expected}`).join(', '),
    fix: 'Write it as ONNX files (--format onnx), which hold any model; or another part of it: --model.',
  });
}

function told(unmet: readonly Unmet[]): string {
  return unmet.map(({ key, got, expected }) => `${key} ${expected}, and it is ${got}`).join('; ');
}
