import type { HostTensor, Named } from '../../core/backend.js';
import { oneCallPlan } from '../../core/plan/training-plan.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import {
  clipTokens,
  cubeSize,
  gridOf,
  LacunaError,
  type ModelConfig,
  maeLoss,
  presetNamed,
  pretrainingModel,
  targets,
  toUnitRange,
  type VideoConfig,
} from '../../spec/index.js';
import { gather, type Program, ProgramBuilder } from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';
import { type Check, type Finding, verdictOf } from '../check.js';
import { firstDifference } from '../first-difference.js';
import { allowance, legalSpread, type Spread } from '../steps/legal-spread.js';
import { stepInputs, TINY_JOINT } from '../steps/tiny-step.js';
import { runOnce, type Subject } from '../subject.js';

/**
 * Relations whose two sides are the same bits: two runs of one executable, at any size. Of a subject that
 * is not deterministic no equal bits can be asked, even of equal inputs: there the sides agree as two legal
 * runs do, which is judged at the tiny size alone, where 32 legal runs cost little.
 */
export function bitIdentical(size: RelationSize): readonly Check[] {
  const { config, batch, visible } = size;
  return [
    relation('hidden-pixels', size, () => hiddenPixels(config, batch, visible)),
    relation('visible-targets', size, () => visibleTargets(config.video, batch, visible)),
  ];
}

/** How large a model the relations are run on. */
export interface RelationSize {
  readonly config: ModelConfig;
  readonly batch: number;
  readonly visible: number;
}

export const TINY_SIZE: RelationSize = { config: TINY_JOINT, batch: 2, visible: 3 };

/** ViT-S on 16 frames of 224 x 224 pixels, with nine tenths of the tokens hidden. */
export function realSize(): RelationSize {
  const { video, encoder } = presetNamed('videomae-vits');
  return { config: { ...TINY_JOINT, video, encoder }, batch: 2, visible: 160 };
}

interface TwoRuns {
  readonly program: Program;
  readonly first: Named<HostTensor>;
  readonly second: Named<HostTensor>;
}

function relation(name: string, size: RelationSize, make: () => TwoRuns): Check {
  const id = `relation/${name}`;
  const run = async ({ backend, info }: Subject): Promise<Finding> => {
    if (backend === undefined) return verdictOf('unsupported', 'programs do not run on it');
    if (!info.deterministic && size !== TINY_SIZE)
      return verdictOf('unsupported', 'it is not deterministic, so that its bits tell nothing');
    const { program, first, second } = make();
    const executable = await backend.compile(program);
    try {
      const one = await runOnce(backend, executable, first);
      const two = await runOnce(backend, executable, second);
      if (info.deterministic) return compare(id, one, two);
      return agree(id, legalSpread(program, first, CONTRACTS[info.contract]), one, two);
    } finally {
      await executable.dispose();
    }
  };
  return { id, level: 3, clauses: [`relation.${name}`], run };
}

/** Whether two results lie as near to each other as those of two legal runs. */
function agree(
  id: string,
  spread: ReadonlyMap<string, Spread>,
  one: Named<HostTensor>,
  two: Named<HostTensor>,
): Finding {
  const elements = [...spread.values()].reduce((sum, { value }) => sum + value.length, 0);
  const limit = allowance(2 * elements) * Math.SQRT2;
  for (const [name, { deviation }] of spread) {
    const [data, other] = [one[name]?.data ?? [], two[name]?.data ?? []];
    const at = deviation.findIndex(
      (own, i) => !(Math.abs((data[i] ?? Number.NaN) - (other[i] ?? Number.NaN)) <= limit * own),
    );
    if (at === -1) continue;
    const what = `${name}[${at}] is ${data[at]}, then ${other[at]}: it depends on what it must not`;
    return { ...verdictOf('fail'), cases: 1, elements, failure: { address: id, what } };
  }
  return { ...verdictOf('pass'), cases: 1, elements };
}

function compare(id: string, one: Named<HostTensor>, two: Named<HostTensor>): Finding {
  let elements = 0;
  for (const [name, { data }] of Object.entries(one)) {
    elements += data.length;
    const other = two[name]?.data ?? new Float32Array();
    const at = firstDifference(data, other);
    if (at === undefined) continue;
    const what = `${name}[${at}] is ${data[at]}, then ${other[at]}: it depends on what it must not`;
    return { ...verdictOf('fail'), cases: 1, elements, failure: { address: id, what } };
  }
  return { ...verdictOf('pass'), cases: 1, elements };
}

/** One contrastive step, twice, with other pixels in the masked cubes: every output is the same. */
function hiddenPixels(config: ModelConfig, batch: number, visible: number): TwoRuns {
  const { video, encoder, contrastive } = config;
  if (contrastive === undefined)
    throw new LacunaError({ what: 'there is no contrastive objective' });
  const model = pretrainingModel({ video, encoder, contrastive }, { batch, visible });
  const plan = oneCallPlan(model);
  const program = plan.programs.step as Program;
  const first = stepInputs(program, plan.state, {
    batch,
    visible,
    draw: 5,
    count: clipTokens(video),
  });
  const frames = first.frames as HostTensor;
  const shown = first.visible as HostTensor;
  const changed = changePixels(frames, shown, video, (isShown) => !isShown);
  return { program, first, second: { ...first, frames: changed } };
}

/** The MAE loss of a given prediction, twice, with other pixels in the visible cubes. */
function visibleTargets(video: VideoConfig, batch: number, visible: number): TwoRuns {
  const count = clipTokens(video);
  const size = cubeSize(video);
  const builder = new ProgramBuilder('visible_targets');
  const cubes = builder.input('cubes', 'u8', [batch, count, size], 'data');
  const masked = builder.input('masked', 'i32', [batch, count - visible], 'data');
  const prediction = builder.input('prediction', 'f32', [batch, count - visible, size], 'data');
  const target = targets(toUnitRange(gather(cubes, masked, 1)), 'per-cube-channel');
  builder.output('loss', maeLoss(prediction, target));
  const stream = new RandomStream({ seed: 6, stream: 'test', replicate: 0 });
  const pixels = Uint8Array.from({ length: batch * count * size }, () => stream.integer(256));
  const first: Named<HostTensor> = {
    cubes: { dtype: 'u8', shape: cubes.shape, data: pixels },
    masked: {
      dtype: 'i32',
      shape: masked.shape,
      data: Int32Array.from(
        { length: batch * (count - visible) },
        (_, i) => visible + (i % (count - visible)),
      ),
    },
    prediction: {
      dtype: 'f32',
      shape: prediction.shape,
      data: Float32Array.from({ length: batch * (count - visible) * size }, () => stream.uniform()),
    },
  };
  const changed = pixels.map((value, i) =>
    Math.floor(i / size) % count < visible ? 255 - value : value,
  );
  const second = { ...first, cubes: { dtype: 'u8' as const, shape: cubes.shape, data: changed } };
  return { program: builder.finish(), first, second };
}

/** The clip with the pixels inverted of the cubes that are chosen by whether they are visible. */
function changePixels(
  frames: HostTensor,
  visible: HostTensor,
  video: VideoConfig,
  chosen: (isVisible: boolean) => boolean,
): HostTensor {
  const { rows, columns } = gridOf(video);
  const { size, tubelet, patch } = video;
  const kept = visible.shape[1] as number;
  const perClip = video.frames * size * size * 3;
  const data = Uint8Array.from(frames.data, (value, i) => {
    const clip = Math.floor(i / perClip);
    const [frame, y, x] = [
      Math.floor((i % perClip) / (size * size * 3)),
      Math.floor((i % (size * size * 3)) / (size * 3)),
      Math.floor((i % (size * 3)) / 3),
    ];
    const slot = Math.floor(frame / tubelet);
    const token = (slot * rows + Math.floor(y / patch)) * columns + Math.floor(x / patch);
    const shown = visible.data.subarray(clip * kept, (clip + 1) * kept).includes(token);
    return chosen(shown) ? 255 - value : value;
  });
  return { ...frames, data };
}
