import { describe, expect, it } from 'vitest';
import { differentiate } from '../../core/autodiff/differentiate.js';
import type { HostTensor, Named } from '../../core/backend.js';
import {
  gather,
  infoNceLoss,
  l2Normalize,
  RECONSTRUCTION_LOSS_NAMES,
  RECONSTRUCTION_LOSSES,
  type TargetKind,
  targets,
  toUnitRange,
} from '../../spec/index.js';
import { exp, type Program, ProgramBuilder, type Shape } from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';
import { centralDifferences } from '../central-differences.js';
import { interpret } from '../interpret.js';
import { infoNceClosedForm } from './info-nce.js';
import { RECONSTRUCTION_CLOSED_FORMS } from './reconstruction-losses.js';
import { targetsClosedForm } from './targets.js';

/** Two float64 computations of one number in exact arithmetic. */
const EXACT = 1e-10;

const stream = new RandomStream({ seed: 3, stream: 'test' });
const normal = (shape: Shape, scale = 1): HostTensor => ({
  dtype: 'f32',
  shape,
  data: Float64Array.from(
    { length: shape.reduce((product, extent) => product * extent, 1) },
    () => scale * stream.normal(),
  ),
});
const data = (tensor: HostTensor | undefined): Float64Array =>
  Float64Array.from(tensor?.data ?? []);

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(want.length);
  const size = Math.max(1, ...Array.from(want, Math.abs));
  for (let i = 0; i < want.length; i++) {
    expect(Math.abs((got[i] as number) - (want[i] as number)) / size).toBeLessThan(tolerance);
  }
}

function withGradients(program: Program, wrt: readonly string[]): Program {
  const { builder, gradients } = differentiate(program, 'loss', wrt);
  for (const [name, value] of gradients) builder.output(`grad.${name}`, value);
  return builder.finish();
}

describe.each(RECONSTRUCTION_LOSS_NAMES)('the closed form of the loss %s', (name) => {
  const builder = new ProgramBuilder('reconstruction');
  const shape = [2, 3, 5];
  const prediction = builder.input('prediction', 'f32', shape, 'data');
  const target = builder.input('target', 'f32', shape, 'data');
  builder.output('loss', RECONSTRUCTION_LOSSES[name](prediction, target));
  const program = builder.finish();
  const inputs = { prediction: normal(shape), target: normal(shape) };
  const closed = RECONSTRUCTION_CLOSED_FORMS[name](data(inputs.prediction), data(inputs.target));

  it('is what the program and its derivative compute', () => {
    const results = interpret(withGradients(program, ['prediction']), inputs);
    expectClose(data(results.loss), [closed.loss], EXACT);
    expectClose(data(results['grad.prediction']), closed.dPrediction, EXACT);
  });

  it('has the gradient that central differences find', () => {
    const numeric = centralDifferences(program, inputs, { output: 'loss', input: 'prediction' });
    expectClose(numeric, closed.dPrediction, 1e-10);
  });
});

describe('the closed form of targets', () => {
  it.each<TargetKind>(['per-cube-channel', 'per-patch', 'raw'])(
    '%s is what the program computes',
    (kind) => {
      const [batch, cubes, size] = [2, 5, 24];
      const pixels = Uint8Array.from({ length: batch * cubes * size }, () => stream.integer(256));
      pixels.fill(128, 0, size); // a cube of one colour: the variance is 0
      const masked = Int32Array.of(0, 4, 2, 1, 1, 3);
      const builder = new ProgramBuilder('targets');
      const stored = builder.input('cubes', 'u8', [batch, cubes, size], 'data');
      const chosenCubes = builder.input('masked', 'i32', [batch, 3], 'data');
      const values = targets(toUnitRange(gather(stored, chosenCubes, 1)), kind);
      builder.output('targets', values);
      const inputs: Named<HostTensor> = {
        cubes: { dtype: 'u8', shape: [batch, cubes, size], data: pixels },
        masked: { dtype: 'i32', shape: [batch, 3], data: masked },
      };
      const chosen = [...masked].flatMap((index, k) => {
        const start = (Math.floor(k / 3) * cubes + index) * size;
        return [...pixels.subarray(start, start + size)];
      });
      const got = data(interpret(builder.finish(), inputs).targets);
      expectClose(got, targetsClosedForm(chosen, size, kind), EXACT);
    },
  );
});

describe('the closed form of InfoNCE', () => {
  const cases = [
    { batch: 1, width: 4, directions: 'mean' },
    { batch: 2, width: 1, directions: 'sum' },
    { batch: 5, width: 7, directions: 'mean' },
    { batch: 5, width: 7, directions: 'sum' },
    { batch: 5, width: 7, directions: 'mean', captions: [3, 1, 3, 3, 1] },
    { batch: 5, width: 7, directions: 'sum', captions: [0, 1, 2, 1, 4] },
    { batch: 3, width: 2, directions: 'mean', captions: [7, 7, 7] },
    { batch: 4, width: 3, directions: 'sum', captions: [3, 2, 1, 0] },
  ] as const satisfies readonly {
    readonly batch: number;
    readonly width: number;
    readonly directions: 'mean' | 'sum';
    readonly captions?: readonly number[];
  }[];

  it.each(cases)(
    'agrees with program, derivative and differences: %o',
    ({ batch, width, directions, ...rest }) => {
      const captions = 'captions' in rest ? rest.captions : undefined;
      const builder = new ProgramBuilder('info_nce');
      const shape = [batch, width];
      const text = builder.input('text', 'f32', shape, 'data');
      const video = builder.input('video', 'f32', shape, 'data');
      const logScale = builder.input('log_scale', 'f32', [], 'parameter');
      const numbers =
        captions === undefined ? undefined : builder.input('captions', 'i32', [batch], 'data');
      const loss = infoNceLoss(
        l2Normalize(text),
        l2Normalize(video),
        exp(logScale),
        {
          temperature: { kind: 'learned' },
          directions,
          ...(numbers === undefined ? {} : { equalCaptions: 'positives' as const }),
        },
        numbers,
      );
      builder.output('loss', loss);
      const program = builder.finish();
      const scale = 1 / 0.07;
      const inputs: Named<HostTensor> = {
        text: normal(shape, 3),
        video: normal(shape, 0.1),
        log_scale: { dtype: 'f32', shape: [], data: Float64Array.of(Math.log(scale)) },
        ...(captions === undefined
          ? {}
          : {
              captions: { dtype: 'i32' as const, shape: [batch], data: Int32Array.from(captions) },
            }),
      };
      const closed = infoNceClosedForm({
        text: data(inputs.text),
        video: data(inputs.video),
        batch,
        scale,
        directions,
        ...(captions === undefined ? {} : { captions }),
      });
      const results = interpret(withGradients(program, ['text', 'video', 'log_scale']), inputs);
      expectClose(data(results.loss), [closed.loss], EXACT);
      expectClose(data(results['grad.text']), closed.dText, EXACT);
      expectClose(data(results['grad.video']), closed.dVideo, EXACT);
      expectClose(data(results['grad.log_scale']), [closed.dLogScale], EXACT);
      const differences = (input: string): Float64Array =>
        centralDifferences(program, inputs, { output: 'loss', input, step: 1e-4 });
      if (width > 1) expectClose(differences('text'), closed.dText, 1e-8);
      expectClose(differences('log_scale'), [closed.dLogScale], 1e-8);
    },
  );

  it('has no gradient beyond eps for an embedding of length 0', () => {
    const closed = infoNceClosedForm({
      text: Float64Array.of(0, 0, 1, 0),
      video: Float64Array.of(0, 1, 1, 0),
      batch: 2,
      scale: 1,
      directions: 'mean',
    });
    expect([...closed.dText, ...closed.dVideo].every(Number.isFinite)).toBe(true);
  });

  it('is the plain one, bit for bit in its closed form, where all captions differ', () => {
    const input = {
      text: Float64Array.from({ length: 12 }, (_, i) => Math.sin(i)),
      video: Float64Array.from({ length: 12 }, (_, i) => Math.cos(3 * i)),
      ...{ batch: 4, scale: 10, directions: 'mean' as const },
    };
    expect(infoNceClosedForm({ ...input, captions: [9, 4, 5, 1] })).toEqual(
      infoNceClosedForm(input),
    );
  });

  it('is log B where all embeddings are equal', () => {
    const equal = Float64Array.from({ length: 12 }, (_, i) => (i % 3) + 1);
    const input = { text: equal, video: equal, batch: 4, scale: 20 };
    expect(infoNceClosedForm({ ...input, directions: 'mean' }).loss).toBeCloseTo(Math.log(4), 12);
    expect(infoNceClosedForm({ ...input, directions: 'sum' }).loss).toBeCloseTo(
      2 * Math.log(4),
      12,
    );
  });
});
