import { LacunaError, type StateSpec } from '../../spec/index.js';
import type { OracleModel } from './oracle-model.js';
import { positionsOf } from './run-oracle.js';

/** What PyTorch has, and how far legal float32 runs of it lie from that. */
export interface Judged {
  readonly value: number;
  /** A root mean square. */
  readonly deviation: number;
}

/** Changes of a tensor. */
export interface Changes {
  readonly values: readonly number[];
  readonly deviation: number;
}

/** The record of the steps of a model. */
export interface OracleRecord {
  /** Losses and `grad_norm` of each step, by name. */
  readonly metrics: ReadonlyMap<string, readonly Judged[]>;
  /** The norm of each parameter's gradient in the first step. */
  readonly norms: ReadonlyMap<string, number>;
  /** Of the elements of each parameter's gradient in the first step. */
  readonly deviations: ReadonlyMap<string, number>;
  /** Samples of each parameter's gradient in the first step. */
  readonly gradients: ReadonlyMap<string, readonly Judged[]>;
  /** Samples of each parameter's change over all steps, and the median of what legal runs are off by. */
  readonly changes: ReadonlyMap<string, Changes>;
  /** Changes of running statistics over all steps, all elements. */
  readonly statistics: ReadonlyMap<string, Changes>;
  /** Legal runs that made each step. */
  readonly runs: readonly number[];
  /** Degrees of freedom of a tensor's deviation, which many samples of a run share. */
  readonly degrees: number;
}

/** Eighths of powers of two: see `levels` in reference/oracle/README.md. */
const LEVELS = 8;

/**
 * Reads the record of a model, whose samples lie in the order of its parameters.
 * @throws LacunaError where the fixture was made for other parameters.
 */
export async function oracleRecord(
  model: OracleModel,
  parameters: readonly StateSpec[],
): Promise<OracleRecord> {
  const { oracleFixture } = await import('./oracle-file.js');
  const fixture = oracleFixture(model.name.replace('-', '_'));
  const config = JSON.parse(fixture.metadata.get('config') ?? '{}') as Metadata;
  requireParameters(model.name, parameters, config.parameters);
  const numbers = (name: string): ArrayLike<number> => {
    const tensor = fixture.tensors.get(name);
    if (tensor === undefined) throw new LacunaError({ what: 'no such tensor', where: name });
    return tensor.data;
  };
  const paired = (name: string, deviation: string = name): readonly Judged[] => {
    const off = numbers(`deviation.${deviation}`);
    return Array.from(numbers(name), (value, i) => ({ value, deviation: off[i] ?? off[0] ?? 0 }));
  };
  const [gradients, changes, levels] = ['gradients', 'changes', 'levels'].map(numbers) as [
    ArrayLike<number>,
    ArrayLike<number>,
    ArrayLike<number>,
  ];
  const own = numbers('deviation.gradients');
  const medians = numbers('deviation.changes');
  const [ofGradients, ofChanges] = [new Map<string, Judged[]>(), new Map<string, Changes>()];
  let offset = 0;
  for (const [index, [name, { length }]] of [...positionsOf(model, parameters)].entries()) {
    const tensor = own[index] ?? 0;
    const at = Array.from({ length }, (_, i) => offset + i);
    ofGradients.set(
      name,
      at.map((i) => ({
        value: gradients[i] ?? Number.NaN,
        deviation: tensor * 2 ** ((levels[i] ?? 0) / LEVELS),
      })),
    );
    const values = at.map((i) => changes[i] ?? Number.NaN);
    ofChanges.set(name, { values, deviation: medians[index] ?? 0 });
    offset += length;
  }
  const metrics = ['loss', 'loss.mae', 'loss.contrastive', 'grad_norm'].filter((name) =>
    fixture.tensors.has(name),
  );
  const norms = numbers('norms');
  const statistics = [...fixture.tensors.keys()].filter((name) => name.startsWith('statistic.'));
  return {
    metrics: new Map(metrics.map((name) => [name, paired(name)])),
    norms: new Map(parameters.map(({ name }, i) => [name, norms[i] ?? Number.NaN])),
    deviations: new Map(parameters.map(({ name }, i) => [name, own[i] ?? 0])),
    gradients: ofGradients,
    changes: ofChanges,
    statistics: new Map(
      statistics.map((name) => {
        const statistic = name.replace('statistic.', '');
        const [deviation = 0] = Array.from(numbers(`deviation.${statistic}`));
        return [statistic, { values: Array.from(numbers(name)), deviation }];
      }),
    ),
    runs: config.runs,
    degrees: config.degrees,
  };
}

interface Metadata {
  /** Names and shapes. */
  readonly parameters: readonly (readonly [string, readonly number[]])[];
  readonly runs: readonly number[];
  readonly degrees: number;
}

function requireParameters(
  where: string,
  parameters: readonly StateSpec[],
  theirs: Metadata['parameters'],
): void {
  const ours = parameters.map(({ name, shape }) => `${name} [${shape}]`);
  const made = theirs.map(([name, shape]) => `${name} [${shape}]`);
  const count = Math.max(ours.length, made.length);
  const at = Array.from({ length: count }, (_, i) => i).find((i) => ours[i] !== made[i]);
  if (at === undefined) return;
  throw new LacunaError({
    where,
    what: 'the fixture was made for another model',
    got: ours[at] ?? 'no more parameters',
    expected: made[at] ?? 'no more parameters',
    fix: 'Make it anew: reference/oracle/make_real_size.py.',
  });
}
