import fc from 'fast-check';
import { PROJECTION_KINDS, type ProjectionKind, projection } from '../../spec/model/projection.js';
import { ModelBuilder } from '../../spec/model/state.js';
import { type Case, type Family, family, functionCase } from '../case.js';
import { spreadBounds } from '../steps/legal-spread.js';
import { scaledInputs, stepInputs } from '../steps/tiny-step.js';

export interface ProjectionDrawn {
  readonly kind: ProjectionKind;
  readonly mode: 'train' | 'evaluate';
  readonly batch: number;
  /** D, hidden width and width of the result; of kind `none` the result has D. */
  readonly widths: readonly [number, number, number];
  /** The size of what the batch norm sees: where it is small, its eps shows. */
  readonly scale: number;
  readonly draw: number;
}

/** The head before the contrastive loss; of mode train also the next statistics of its batch norm. */
export function projectionCase(drawn: ProjectionDrawn): Case {
  const { kind, mode, batch, widths, scale, draw } = drawn;
  const [inputs, hidden, outputs] = widths;
  const model = new ModelBuilder('model_projection');
  const x = model.program.input('x', 'f32', [batch, inputs], 'data');
  const width = kind === 'none' ? inputs : outputs;
  model.program.output(
    'embedding',
    projection(model, 'projection', x, { kind, width, hidden }, mode),
  );
  const { program, state } = model.finish();
  const given = stepInputs(program, state, { batch, visible: 1, draw });
  // Variances are not negative, and the data of a statistic are drawn around 1.
  const runs = [scaledInputs(given, /fc1\.weight/, scale)];
  return {
    ...functionCase(
      { program, runs },
      { function: 'model.projection', attributes: { kind, mode } },
    ),
    expected: (tensors, contract) => spreadBounds(program, tensors, contract),
  };
}

const parameters = {
  mode: fc.constantFrom<'train' | 'evaluate'>('train', 'evaluate'),
  batch: fc.constantFrom(3, 4, 9),
  widths: fc.constantFrom<[number, number, number]>([5, 7, 3], [8, 8, 8], [4, 2, 6]),
  scale: fc.constantFrom(1, 2 ** -6),
  draw: fc.nat({ max: 0xffff_ffff }),
};

export const HEAD_FAMILIES: readonly Family[] = [
  family(
    'function/model.projection',
    fc.record({
      ...parameters,
      kind: fc.constantFrom(...PROJECTION_KINDS.filter((kind) => kind !== 'mlp-bn')),
    }),
    projectionCase,
    { level: 3, clauses: ['model.projection'], most: 12 },
  ),
  family(
    'function/model.projection/batch-norm',
    fc.record({ ...parameters, kind: fc.constant<ProjectionKind>('mlp-bn') }),
    projectionCase,
    { level: 3, clauses: ['model.projection'], most: 12 },
  ),
];
