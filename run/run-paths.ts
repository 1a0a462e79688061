import { stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, relative, resolve, sep } from 'node:path';
import { isSplitFile } from '../data/index.js';
import { LacunaError } from '../spec/index.js';
import type { RunManifest } from './manifest.js';
import type { RunSettings } from './settings/config.js';
import type { OtherList } from './settings/data.js';
import type { StageSettings } from './settings/stages.js';

/** Where the data of a run lie now, where a person says so. */
export interface GivenPaths {
  /** The list of clips. */
  readonly list?: string;
  /** The folder that the list's paths start from. @defaultValue the list's own, where one is given */
  readonly root?: string;
  /** The file with the ids of the split, or its name. */
  readonly split?: string;
  /** Links in the data folders may lead out of them. */
  readonly followLinks?: true;
  readonly similarity?: string;
  readonly teacher?: string;
  readonly raft?: string;
  readonly evaluationList?: string;
  readonly evaluationRoot?: string;
  readonly evaluationSplit?: string;
}

/** What says where the data of a run lie. */
export type PlacedManifest = Pick<RunManifest, 'settings' | 'workingFolder' | 'evaluation'>;

/**
 * The settings of a run with paths that lead where they led when it began, whatever folder this
 * process is in: relative ones start from the folder in which the run was begun, or from the one that
 * the run's own place tells, or else from here; the first of these in which the list lies.
 *
 * A manifest may be a stranger's. What it names outside of the run folder is read, but used only where
 * it is what the run began with, which the manifest's digests say: whoever wrote them knew it. So a run
 * goes on without a word, and a file that a stranger points at stays unused. Two paths have no digest,
 * and are refused here unless a person gave them: a data folder elsewhere for a list that came along
 * with the run, and, in old manifests, a list for the evaluation that does not lie beside the run's.
 *
 * Links that lead out of the data folder are followed where the run began so, but not in a folder inside
 * of the run's own, unless a person says so again.
 *
 * @throws LacunaError that names the flag which says so.
 */
export async function placedSettings(
  folder: string,
  manifest: PlacedManifest,
  given: GivenPaths = {},
): Promise<RunSettings> {
  const { stages, ...settings } = manifest.settings;
  const result = await placedStage(folder, { ...manifest, settings }, given);
  if (stages === undefined) return result;
  const placed: StageSettings[] = [];
  for (const stage of stages) {
    // A stage with a list of its own has it where the manifest says.
    const isSame = stage.data.list === settings.data.list;
    const isSameSplit = isSame && stage.data.split === settings.data.split;
    const { split: _, ...unsplit } = given;
    const { list: __, root: ___, ...others } = unsplit;
    const own = { ...manifest, settings: { ...settings, ...stage } };
    const { data, mask } = await placedStage(
      folder,
      own,
      isSameSplit ? given : isSame ? unsplit : others,
    );
    placed.push({ ...stage, data, mask });
  }
  return { ...result, stages: placed };
}

async function placedStage(
  folder: string,
  { settings, workingFolder, evaluation: known }: PlacedManifest,
  given: GivenPaths,
): Promise<RunSettings> {
  const base = await baseOf(folder, settings, workingFolder);
  const placed = (path: string): string => fromBase(base, path);
  const split = (own: string | undefined, now?: string): { readonly split?: string } => {
    const place = now ?? (own === undefined || !isSplitFile(own) ? own : placed(own));
    return place === undefined ? {} : { split: place };
  };
  const { data, contrastive, mask, evaluation } = settings;
  const list = given.list ?? placed(data.list);
  const named = given.list === undefined ? data.root : undefined;
  const root = given.root ?? (named === undefined ? undefined : placed(named));
  const similarity = given.similarity ?? (data.similarity && placed(data.similarity));
  const teacher = given.teacher ?? (contrastive.teacher && placed(contrastive.teacher));
  const raft = given.raft ?? (mask.motion?.raft && placed(mask.motion.raft));
  const here = inside(folder, list);
  if (here && given.root === undefined && root !== undefined && !inside(folder, root)) {
    throw stranger(folder, 'data.root', root, '--root');
  }
  const others = data.others?.map((other) => ({
    ...placedOther(folder, other, placed),
    ...split(other.split),
  }));
  // Links in a folder that came along with the run are whoever's who sent it.
  const roots = [{ list, root }, ...(others ?? [])].map((each) => each.root ?? dirname(each.list));
  const owned = !roots.some((each) => inside(folder, each));
  const followLinks = given.followLinks ?? (data.followLinks === true && owned);
  const result: RunSettings = {
    ...settings,
    data: {
      ...without(without(data, 'root'), 'followLinks'),
      list,
      ...split(data.split, given.split),
      ...(followLinks ? { followLinks } : {}),
      ...(root === undefined ? {} : { root }),
      ...(others === undefined ? {} : { others }),
      ...(similarity === undefined ? {} : { similarity }),
    },
    contrastive: teacher === undefined ? contrastive : { ...contrastive, teacher },
    mask:
      raft === undefined || mask.motion === undefined
        ? mask
        : { ...mask, motion: { ...mask.motion, raft } },
  };
  if (evaluation === undefined) return result;
  const evaluationList = given.evaluationList ?? placed(evaluation.list);
  const evaluationRoot =
    given.evaluationRoot ?? (evaluation.root === undefined ? undefined : placed(evaluation.root));
  for (const [path, isGiven, key] of [
    [evaluationList, given.evaluationList, 'evaluation.list'],
    [evaluationRoot, given.evaluationRoot, 'evaluation.root'],
  ] as const) {
    if (path === undefined || isGiven !== undefined || known !== undefined) continue;
    if (besides(folder, path, list, root)) continue;
    throw stranger(folder, key, path, `--set ${key}=`);
  }
  return {
    ...result,
    evaluation: {
      ...without(evaluation, 'root'),
      list: evaluationList,
      ...split(evaluation.split, given.evaluationSplit),
      ...(evaluationRoot === undefined ? {} : { root: evaluationRoot }),
    },
  };
}

/** A list beside the run's own, by the rules of that one; no flag names where it lies now. */
function placedOther(
  folder: string,
  { list: named, root: from, ...rest }: OtherList,
  placed: (path: string) => string,
): OtherList {
  const list = placed(named);
  const root = from === undefined ? undefined : placed(from);
  if (inside(folder, list) && root !== undefined && !inside(folder, root)) {
    throw new LacunaError({
      where: folder,
      what: 'a list in the run folder is of a data folder outside of it, and nothing says that the run began with what lies there',
      got: `data.others: ${root}`,
      fix: 'Put the list beside its data, and begin a new run.',
    });
  }
  return { ...rest, list, ...(root === undefined ? {} : { root }) };
}

/** Whether a path lies in the run folder, with the run's list, or is its data folder. */
export function besides(folder: string, path: string, list: string, root?: string): boolean {
  return (
    inside(folder, path) ||
    inside(dirname(resolve(list)), path) ||
    (root !== undefined && inside(root, path))
  );
}

/** A path that a file of a run names, as it leads from here. */
export async function placedPath(
  folder: string,
  { settings, workingFolder }: RunManifest,
  path: string,
): Promise<string> {
  return fromBase(await baseOf(folder, settings, workingFolder), path);
}

function fromBase(base: string, path: string): string {
  return base === '' || isAbsolute(path) ? path : join(base, path);
}

/** The folder that relative paths start from; empty for that of this process. */
async function baseOf(
  folder: string,
  { data, output }: RunSettings,
  workingFolder: string | undefined,
): Promise<string> {
  if (isAbsolute(data.list)) return workingFolder ?? '';
  const candidates = [workingFolder, byPlace(folder, output)];
  for (const base of candidates) {
    if (base === undefined) continue;
    const exists = await stat(join(base, data.list)).then(
      () => true,
      () => false,
    );
    if (exists) return base;
  }
  return '';
}

/** A run that was written to `runs/a`, and lies in `/x/runs/a` or `/x/runs/b`, was begun in `/x`. */
function byPlace(folder: string, output: string): string | undefined {
  const parts = normalize(output)
    .split(/[\\/]/)
    .filter((part) => part !== '' && part !== '.');
  if (isAbsolute(output) || parts.includes('..')) return undefined;
  return resolve(folder, ...parts.map(() => '..'));
}

function inside(folder: string, path: string): boolean {
  const way = relative(resolve(folder), resolve(path));
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = value;
  return rest;
}

function stranger(folder: string, key: string, path: string, flag: string): LacunaError {
  return new LacunaError({
    where: folder,
    what: `the manifest of this run names a path outside of the run, and nothing says that the run began with what lies there`,
    got: `${key}: ${path}`,
    fix: `If that is where it lies, say so: ${flag}${flag.endsWith('=') ? '' : ' '}${path}`,
  });
}
