import { LacunaError, OBJECTIVES } from '../../spec/index.js';
import { presetNamed } from '../../spec/model/presets.js';
import { capabilitiesOf } from '../settings/capabilities.js';
import { DEFAULT_PRESET } from '../settings/settings.js';
import type { TowerName } from './architectures/architecture.js';
import { withDemands } from './demands.js';
import { openSource, requireTower, type WeightSource } from './source.js';

type Config = Readonly<Record<string, unknown>>;

/** The section of the settings that says where each tower's weights come from. */
const SECTIONS: Readonly<Record<TowerName, string>> = { video: 'encoder', text: 'text' };

/**
 * A configuration whose weights are known: `given` folders stand as `encoder.init` and `text.init`
 * for the towers that they hold, and what their models need (sizes, norms, activations, the tokenizer,
 * how pixels are normalised) stands wherever a person left it open.
 *
 * @param config What a person wrote, not yet checked.
 * @param given Folders of `--init`.
 * @throws LacunaError for a folder that cannot be used, two for one tower, and for a setting that a
 * person wrote and that the weights contradict.
 */
export async function withWeights(
  config: Config,
  given: readonly string[] = [],
  onNote: (text: string) => void = () => {},
): Promise<Record<string, unknown>> {
  const readsText = readsTextOf(config);
  const sources = new Map<TowerName, WeightSource>();
  for (const folder of given) {
    const source = await openSource(folder, onNote);
    const held = (['video', 'text'] as const).filter(
      (name) => source.architecture.towers[name] !== undefined && (name === 'video' || readsText),
    );
    if (held.length === 0) throw unread(folder);
    for (const name of held) {
      const former = sources.get(name)?.folder ?? initOf(config, name);
      if (former !== undefined && former !== folder) throw twice(name, former, folder);
      sources.set(name, source);
    }
  }
  let result: Record<string, unknown> = { ...config };
  for (const name of ['video', 'text'] as const) {
    const section = SECTIONS[name];
    const folder = sources.get(name)?.folder ?? initOf(config, name);
    if (folder === undefined || (name === 'text' && !readsText)) continue;
    const source = sources.get(name) ?? (await openSource(folder, onNote));
    sources.set(name, source);
    const { demands } = requireTower(source, name);
    const all = [{ key: `${section}.init`, value: folder, firm: true }, ...demands];
    if (name === 'video') all.push(...source.pixels);
    else if (!hasTokenizer(config)) all.push(tokenizerDemand(source));
    result = withDemands(result, all, folder);
  }
  const [video, text] = [sources.get('video'), sources.get('text')];
  if (video === undefined || text === undefined || video.folder !== text.folder) return result;
  return withDemands(result, video.architecture.together, video.folder);
}

/** Whether a run of this configuration has a text encoder of its own. */
function readsTextOf(config: Config): boolean {
  const { preset, objective, contrastive } = config;
  const usual = presetNamed(typeof preset === 'string' ? preset : DEFAULT_PRESET);
  const known = OBJECTIVES.find((each) => each === objective) ?? usual.objective;
  const teacher = section(contrastive).teacher;
  const named = typeof teacher === 'string' ? { teacher } : {};
  return capabilitiesOf({ objective: known, contrastive: named }).readsText;
}

function tokenizerDemand({ tokenizer, folder }: WeightSource): {
  key: string;
  value: string;
  firm: boolean;
} {
  if (tokenizer !== undefined) return { key: 'data.tokenizer', value: tokenizer, firm: false };
  throw new LacunaError({
    where: folder,
    what: 'there is no tokenizer.json, so nobody knows which word each row of the token table is',
    fix:
      'Name one with --set data.tokenizer=FILE, or make it of vocab.txt: ' +
      `python -c "from transformers import AutoTokenizer; AutoTokenizer.from_pretrained('FOLDER').save_pretrained('FOLDER')"`,
  });
}

function hasTokenizer({ data }: Config): boolean {
  return section(data).tokenizer !== undefined;
}

function initOf(config: Config, name: TowerName): string | undefined {
  const { init } = section(config[SECTIONS[name]]);
  return typeof init === 'string' && init !== '' ? init : undefined;
}

function section(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function unread(folder: string): LacunaError {
  return new LacunaError({
    where: '--init',
    what: 'the run would take nothing of these weights: they are of a text encoder, and it has none',
    got: folder,
    fix: 'Choose the objective contrastive or mae+contrastive, or leave --init out.',
  });
}

function twice(name: TowerName, first: string, second: string): LacunaError {
  return new LacunaError({
    where: '--init',
    what: `two folders hold a ${name} encoder`,
    got: `${first} and ${second}`,
    fix: `Say which: --set ${SECTIONS[name]}.init=FOLDER, and leave the other out or name its tower alike.`,
  });
}
