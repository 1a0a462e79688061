import { describe, expect, it } from 'vitest';
import type { HostTensor, Named } from '../../core/backend.js';
import {
  gridOf,
  type Model,
  ModelBuilder,
  mul,
  patchify,
  pool,
  sum,
  toOurs,
  type VideoConfig,
  type VideoEncoderConfig,
  videoEncoder,
} from '../../spec/index.js';
import { interpret } from '../interpret.js';
import { expectEqual, outputsAndGradients } from './compare.js';
import { lastValue } from './last-value.js';
import { readFixture } from './read-fixture.js';

const VIDEO: VideoConfig = { frames: 3, size: 12, tubelet: 1, patch: 4 };
const ENCODER: VideoEncoderConfig = {
  width: 12,
  depth: 2,
  heads: 3,
  mlpRatio: 2,
  keyBias: true,
  classToken: true,
  positions: 'learned-zero-slots',
  attention: 'divided',
};
const [BATCH, PLACES, COUNT] = [2, 9, 12] as const;
const WIDTH = ENCODER.width;

const fixture = readFixture('space_time');

function model(config: VideoEncoderConfig = ENCODER): Model {
  const built = new ModelBuilder('space_time', 'f64');
  const frames = built.program.input('frames', 'u8', [BATCH, 3, 12, 12, 3], 'data');
  const visible = built.program.input('visible', 'i32', [BATCH, COUNT], 'data');
  const encoded = videoEncoder(built, patchify(frames, VIDEO), visible, VIDEO, config);
  const weights = built.program.input('weights', 'f64', [BATCH, WIDTH], 'data');
  built.program.output('encoded', encoded);
  built.program.output('loss', sum(mul(pool(encoded, 'class'), weights)));
  return built.finish();
}

/** A state tensor from PyTorch's: queries, keys and values are thirds of one matrix there. */
function ours(name: string, prefix: 'param' | 'grad'): Float64Array {
  const theirs = (own: string): HostTensor => fixture.float64(`${prefix}.${own}`);
  const plain: Named<string> = {
    'encoder.patch.bias': 'patch_embed.bias',
    'encoder.positions.slot': 'temporal_embed',
    'encoder.norm.weight': 'norm.weight',
    'encoder.norm.bias': 'norm.bias',
  };
  const direct = plain[name];
  if (direct !== undefined) return theirs(direct).data as Float64Array;
  const rows = theirs('pos_embed').data as Float64Array;
  switch (name) {
    case 'encoder.patch.weight': {
      const { data, shape } = theirs('patch_embed.weight');
      return toOurs(data as Float64Array, shape, 'conv3d');
    }
    case 'encoder.positions.place':
      return rows.subarray(WIDTH);
    case 'encoder.class': {
      const token = theirs('cls_token').data as Float64Array;
      // Its position is a part of it: the gradient of the sum is that of either.
      return prefix === 'grad' ? token : token.map((x, i) => x + (rows[i] as number));
    }
    default:
      break;
  }
  const own = name.replace('encoder.', 'blocks.').replace('.time.', '.timeattn.');
  const part = /\.([qkv])\.(weight|bias)$/.exec(own);
  if (part === null) return theirs(own).data as Float64Array;
  const whole = theirs(own.replace(/\.[qkv]\./, '.qkv.')).data as Float64Array;
  const third = whole.length / 3;
  const index = 'qkv'.indexOf(part[1] as string);
  return whole.slice(index * third, (index + 1) * third);
}

function inputs({ state }: Model): Named<HostTensor> {
  const { slots } = gridOf(VIDEO);
  const places = [...(fixture.tensors.get('input.visible')?.data ?? [])];
  const own = places.length / BATCH;
  const tokens = Array.from({ length: BATCH }, (_, b) =>
    Array.from({ length: slots }, (_unused, slot) =>
      places.slice(b * own, (b + 1) * own).map((place) => slot * PLACES + place),
    ),
  ).flat(2);
  return {
    frames: fixture.tensors.get('input.frames') as HostTensor,
    visible: { dtype: 'i32', shape: [BATCH, COUNT], data: Int32Array.from(tokens) },
    weights: fixture.float64('input.loss_weights'),
    ...Object.fromEntries(
      state.map(({ name, shape }) => [name, { dtype: 'f64', shape, data: ours(name, 'param') }]),
    ),
  };
}

describe('the space-time transformer of Frozen-in-Time in float64', () => {
  const built = model();
  const given = inputs(built);

  it('has the tokens of every block, the encoded ones and the loss', () => {
    const blocks = [0, 1].map((i) => lastValue(built.program, `encoder.${i}`));
    const got = interpret(built.program, given, { observe: blocks });
    blocks.forEach((name, i) => {
      expectEqual(name, got[name]?.data, fixture.float64(`out.block.${i}`).data);
    });
    expectEqual('encoded', got.encoded?.data, fixture.float64('out.encoded').data);
    expectEqual('loss', got.loss?.data, fixture.float64('out.loss').data);
  });

  it('has the gradients of all parameters', () => {
    const names = built.state.map(({ name }) => name);
    const { gradients } = outputsAndGradients(built, given, names);
    for (const name of names) expectEqual(name, gradients[name], ours(name, 'grad'));
    expect(names.filter((name) => name.includes('.time.'))).toHaveLength(2 * 8);
  });

  it('misses by far with joint attention', () => {
    const joint = model({ ...ENCODER, attention: 'joint' });
    const { encoded } = interpret(joint.program, given);
    expect(() => {
      expectEqual('encoded', encoded?.data, fixture.float64('out.encoded').data, 1e-4);
    }).toThrow('worst difference');
  });
});
