import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../../core/backend.js';
import {
  gelu,
  layerNorm,
  ModelBuilder,
  maeLoss,
  mul,
  ProgramBuilder,
  quickGelu,
  softmax,
  sum,
  type TargetKind,
  targets,
  type Value,
} from '../../spec/index.js';
import { interpret } from '../interpret.js';
import { asInput, expectEqual, outputsAndGradients } from './compare.js';
import { readFixture } from './read-fixture.js';

const fixture = readFixture('losses');

/** sum(f(x) * upstream) with its gradients, for the operands named. */
function check(
  names: readonly string[],
  f: (operands: readonly Value[]) => Value,
  upstream?: string,
): {
  readonly out: ArrayLike<number> | undefined;
  readonly gradients: readonly ArrayLike<number>[];
} {
  const model = new ModelBuilder('check', 'f64');
  const inputs: Record<string, HostTensor> = {};
  const operands = names.map((name, i) => {
    const tensor = fixture.float64(name);
    inputs[`x${i}`] = asInput(tensor);
    return model.program.input(`x${i}`, 'f64', tensor.shape, 'data');
  });
  const out = f(operands);
  model.program.output('out', out);
  let total = out;
  if (upstream !== undefined) {
    const tensor = fixture.float64(upstream);
    inputs.upstream = asInput(tensor);
    total = mul(out, model.program.input('upstream', 'f64', tensor.shape, 'data'));
  }
  model.program.output('loss', sum(total));
  const wrt = names.map((_, i) => `x${i}`);
  const { outputs, gradients } = outputsAndGradients(model.finish(), inputs, wrt);
  return { out: outputs.out?.data, gradients: wrt.map((name) => gradients[name] ?? []) };
}

describe('PyTorch in float64 agrees on', () => {
  it.each([
    ['gelu', gelu],
    ['quick_gelu', quickGelu],
  ] as const)('%s', (name, f) => {
    const { out, gradients } = check(['activation.x'], ([x]) => f(x as Value));
    expectEqual('out', out, fixture.float64(`${name}.out`).data);
    expectEqual('gradient', gradients[0], fixture.float64(`${name}.grad_x`).data);
  });

  it('softmax', () => {
    const { out, gradients } = check(
      ['softmax.x'],
      ([x]) => softmax(x as Value),
      'softmax.upstream',
    );
    expectEqual('out', out, fixture.float64('softmax.out').data);
    expectEqual('gradient', gradients[0], fixture.float64('softmax.grad_x').data);
  });

  it.each(['1e-12', '1e-5', '1e-6'])('layer norm with eps %s', (eps) => {
    const names = ['layer_norm.x', 'layer_norm.weight', 'layer_norm.bias'];
    const { out, gradients } = check(
      names,
      (operands) => layerNorm(...(operands as [Value, Value, Value]), Number(eps)),
      'layer_norm.upstream',
    );
    expectEqual('out', out, fixture.float64(`layer_norm.eps${eps}.out`).data);
    ['x', 'weight', 'bias'].forEach((operand, i) => {
      expectEqual(
        operand,
        gradients[i],
        fixture.float64(`layer_norm.eps${eps}.grad_${operand}`).data,
      );
    });
  });

  const { data: mask } = fixture.tensors.get('input.mask') ?? { data: new Uint8Array() };
  const [clips, tokens, size] = [2, 12, 96];
  const hidden = Array.from({ length: clips * tokens }, (_, i) => i).filter((i) => mask[i] === 1);
  const rows = (data: Float64Array): Float64Array =>
    Float64Array.from(hidden.flatMap((row) => [...data.subarray(row * size, (row + 1) * size)]));

  it.each([
    ['per-cube-channel', 'per_cube_channel'],
    ['per-patch', 'per_patch'],
    ['raw', 'raw'],
  ] as const)('%s targets, the MAE loss and its gradient', (kind: TargetKind, name) => {
    // MAE normalises what the network sees, VideoMAE pixels in [0, 1].
    const source = fixture.float64(kind === 'per-patch' ? 'input.pixels' : 'input.frames').data;
    const model = new ModelBuilder('mae', 'f64');
    const shape = [1, hidden.length, size];
    const pixels = model.program.input('pixels', 'f64', shape, 'data');
    const prediction = model.program.input('prediction', 'f64', shape, 'data');
    const target = targets(pixels, kind);
    model.program.output('target', target);
    model.program.output('loss', maeLoss(prediction, target));
    const theirPrediction = fixture.float64('input.pred').data;
    const inputs: Record<string, HostTensor> = {
      pixels: { dtype: 'f64', shape, data: rows(cubesOf(source)) },
      prediction: { dtype: 'f64', shape, data: rows(theirPrediction) },
    };
    const { outputs, gradients } = outputsAndGradients(model.finish(), inputs, ['prediction']);
    expectEqual('target', outputs.target?.data, rows(fixture.float64(`out.target.${name}`).data));
    expectEqual('loss', outputs.loss?.data, fixture.float64(`out.mae.${name}.loss`).data);
    const gradient = rows(fixture.float64(`out.mae.${name}.grad_pred`).data);
    expectEqual('gradient', gradients.prediction, gradient);
  });

  /** The targets of every cube, the constant ones and one with deviations below 1e-6 among them. */
  const allTargets = (kind: TargetKind, source: Float64Array): ArrayLike<number> | undefined => {
    const builder = new ProgramBuilder('targets', { float: 'f64' });
    const shape = [clips, tokens, size];
    builder.output('target', targets(builder.input('pixels', 'f64', shape, 'data'), kind));
    const pixels: HostTensor = { dtype: 'f64', shape, data: cubesOf(source) };
    return interpret(builder.finish(), { pixels }).target?.data;
  };

  it('the targets of cubes that are constant or nearly so', () => {
    const frames = fixture.float64('input.frames').data;
    const pixels = fixture.float64('input.pixels').data;
    const theirs = (name: string): Float64Array => fixture.float64(`out.target.${name}`).data;
    expectEqual('raw', allTargets('raw', frames), theirs('raw'), 1e-15);
    expectEqual('cubes', allTargets('per-cube-channel', frames), theirs('per_cube_channel'));
    expectEqual('patches', allTargets('per-patch', pixels), theirs('per_patch'));
  });

  it('no target with the biased variance, nor of MAE on pixels in [0, 1]', () => {
    const frames = fixture.float64('input.frames').data;
    const ours = Float64Array.from(allTargets('per-cube-channel', frames) ?? []);
    const biased = ours.map((value) => value * Math.sqrt(32 / 31));
    const theirs = fixture.float64('out.target.per_cube_channel').data;
    expect(() => expectEqual('biased', biased, theirs, 1e-2)).toThrow('worst difference');
    const patches = fixture.float64('out.target.per_patch').data;
    const unseen = allTargets('per-patch', frames);
    expect(() => expectEqual('unseen', unseen, patches, 1e-2)).toThrow('worst difference');
  });
});

/** Frames [2, 4, 8, 12, 3] to cubes of 2 x 4 x 4 pixels, [2, 12, 96], written out. */
function cubesOf(frames: Float64Array): Float64Array {
  const cubes: number[] = [];
  for (let b = 0; b < 2; b++)
    for (let t = 0; t < 4; t += 2)
      for (let y = 0; y < 8; y += 4)
        for (let x = 0; x < 12; x += 4)
          for (let dt = 0; dt < 2; dt++)
            for (let dy = 0; dy < 4; dy++)
              for (let dx = 0; dx < 4; dx++)
                for (let c = 0; c < 3; c++) {
                  const pixel = ((b * 4 + t + dt) * 8 + y + dy) * 12 + x + dx;
                  cubes.push(frames[pixel * 3 + c] as number);
                }
  return Float64Array.from(cubes);
}
