import type { HostTensor, Named } from '../../../core/backend.js';
import {
  FUNCTION_NAMES,
  type FunctionAttributes,
  type FunctionCall,
} from '../../../protocol/function-call.js';
import { type AdamWAttributes, elementCount, type Shape } from '../../../spec/program/index.js';
import type { Subject } from '../../subject.js';
import { augmentations, erasedBox } from './augmentations.js';
import { adamw, infonce, mae, patchify, scalars, targetCube } from './formulas.js';
import { maskedText, philox, randomPerSlot, start, topk, tube } from './integers.js';
import { corrections, croppedMap, flowWarped, rates } from './maps.js';
import {
  type Blocks,
  decode,
  encode,
  encodeSpaceTime,
  encodeText,
  encodeTextCausally,
  type Parameters,
  project,
} from './model.js';
import { ranks } from './ranks.js';
import { resize } from './resize.js';
import { at, type Scalar, Scalars } from './scalars.js';

/**
 * A port whose functions are written word by word from docs/protocol.md: it divides where the text
 * divides. `each`: every operation is rounded to the type of the call, in order. `once`: everything is
 * computed in float64, and results are rounded.
 */
export function literalPort(rounding: 'each' | 'once'): Subject {
  return {
    functions: FUNCTION_NAMES,
    info: {
      name: `literal port, rounded ${rounding}`,
      version: '1',
      device: 'none',
      contract: 'f32-ieee',
      deterministic: true,
      claims: [],
    },
    open: async ({ call, program }) => {
      if (call === undefined) return `${program?.name} is no function`;
      return { run: async (inputs) => answer(call, inputs, rounding), close: async () => {} };
    },
  };
}

type Float = 'f32' | 'f64';

/** Inputs, and how to hand out results. */
interface Request {
  readonly s: Scalars;
  readonly inputs: Named<HostTensor>;
  readonly attributes: FunctionAttributes;
  readonly out: (list: readonly (Scalar | number)[], shape: Shape) => HostTensor;
}

function answer(
  { function: name, attributes }: FunctionCall,
  inputs: Named<HostTensor>,
  rounding: 'each' | 'once',
): Named<HostTensor> {
  const isDouble =
    attributes.float === 'f64' || Object.values(inputs).some(({ dtype }) => dtype === 'f64');
  const float: Float = isDouble ? 'f64' : 'f32';
  const s = new Scalars(float === 'f32' && rounding === 'each' ? Math.fround : (x) => x);
  const out: Request['out'] = (list, shape) => {
    const data = list.map((x) => (typeof x === 'number' ? x : x.value));
    const container = float === 'f32' ? Float32Array : Float64Array;
    return { dtype: float, shape, data: container.from(data) };
  };
  const request: Request = { s, inputs, attributes, out };
  switch (name) {
    case 'random.philox':
      return philox(inputs);
    case 'mask.tube':
      return tube(attributes);
    case 'mask.random_per_slot':
      return randomPerSlot(attributes);
    case 'mask.topk':
      return topk(inputs, attributes);
    case 'retrieval.rank':
      return ranks(inputs, attributes);
    case 'mask.flow_warped':
      return flowWarped(inputs, attributes);
    case 'map.crop':
      return croppedMap(inputs, attributes);
    case 'mask.text':
      return maskedText(inputs, attributes);
    case 'state.start':
      return start(attributes);
    case 'state.resize':
      return resize(inputs, attributes);
    case 'augment.draw':
      return augmentations(attributes);
    case 'erase.draw':
      return erasedBox(attributes);
    case 'patchify':
      return patches(request);
    case 'target.cube':
      return targets(request);
    case 'loss.mae':
      return maeLoss(request);
    case 'loss.infonce':
      return infonceLoss(request);
    case 'loss.infonce.captions':
      return infonceLoss(request);
    case 'optim.adamw':
      return update(request);
    case 'optim.rate':
      return rates(inputs, attributes);
    case 'optim.correction':
      return corrections(inputs, attributes);
    case 'model.forward':
      return forward(request);
    case 'model.space_time':
      return spaceTime(request);
    case 'model.text':
      return text(request, encodeText);
    case 'model.text_causal':
      return text(request, encodeTextCausally);
    case 'model.projection':
      return projected(request);
    case 'step':
      return step(request);
    case 'step.contrastive':
      return contrastiveStep(request);
    case 'step.joint':
      return jointStep(request);
    default:
      return name satisfies never;
  }
}

function patches({ inputs, attributes }: Request): Named<HostTensor> {
  const cubes = clips(inputs, attributes);
  const shape = [cubes.length, cubes[0]?.length ?? 0, cubes[0]?.[0]?.length ?? 0];
  return { cubes: { dtype: 'u8', shape, data: Uint8Array.from(cubes.flat(2)) } };
}

/** The cubes of each clip. */
function clips({ frames }: Named<HostTensor>, attributes: FunctionAttributes): number[][][] {
  const { shape = [], data = [] } = frames ?? {};
  const size = elementCount(shape.slice(1));
  return Array.from({ length: shape[0] ?? 0 }, (_, b) =>
    patchify(
      Array.from(data).slice(b * size, (b + 1) * size),
      shape.slice(1),
      Number(attributes.tubelet),
      Number(attributes.patch),
    ),
  );
}

function targets({ s, inputs: { cubes }, out }: Request): Named<HostTensor> {
  const { shape = [], data = [] } = cubes ?? {};
  const rows = split(Array.from(data), shape.at(-1) ?? 1);
  return {
    targets: out(
      rows.flatMap((cube) => targetCube(s, cube)),
      shape,
    ),
  };
}

function maeLoss({ s, inputs: { prediction, target }, out }: Request): Named<HostTensor> {
  const { loss, gradient } = mae(s, scalars(s, prediction), scalars(s, target));
  return { loss: out([loss], []), 'grad.prediction': out(gradient, prediction?.shape ?? []) };
}

function infonceLoss({ s, inputs, attributes, out }: Request): Named<HostTensor> {
  const { text, video, log_scale } = inputs;
  const shape = text?.shape ?? [];
  const rows = (x: HostTensor | undefined): Scalar[][] => split(scalars(s, x), shape[1] ?? 1);
  const scale = s.exp(at(scalars(s, log_scale), 0));
  const captions = inputs.captions && Array.from(inputs.captions.data);
  const results = infonce(s, rows(text), rows(video), scale, attributes.directions, captions);
  return {
    loss: out(results.loss, []),
    'grad.text': out(results.text, shape),
    'grad.video': out(results.video, shape),
    'grad.log_scale': out(results.log_scale, []),
  };
}

function update({ s, inputs, attributes, out }: Request): Named<HostTensor> {
  const [lr, c1, c2] = ['lr', 'c1', 'c2'].map((name) => at(scalars(s, inputs[name]), 0)) as [
    Scalar,
    Scalar,
    Scalar,
  ];
  const [p, m, v, g] = ['p', 'm', 'v', 'g'].map((name) => scalars(s, inputs[name])) as [
    Scalar[],
    Scalar[],
    Scalar[],
    Scalar[],
  ];
  const results = p.map((each, i) =>
    adamw(
      s,
      { p: each, m: at(m, i), v: at(v, i), g: at(g, i), lr, c1, c2 },
      attributes as AdamWAttributes,
    ),
  );
  const shape = inputs.p?.shape ?? [];
  return Object.fromEntries(
    (['p', 'm', 'v'] as const).map((name) => [
      name,
      out(
        results.map((each) => each[name]),
        shape,
      ),
    ]),
  );
}

function forward(request: Request): Named<HostTensor> {
  const { s, inputs, attributes, out } = request;
  const encoded = encoder(request, parametersOf(s, inputs));
  const [batch = 0, count = 0] = inputs.visible?.shape ?? [];
  const shape = [batch, count, Number(attributes.width)];
  return { encoded: out(encoded.flat(2), shape) };
}

function spaceTime(request: Request): Named<HostTensor> {
  const { s, inputs, attributes, out } = request;
  const encoded = spaceTimeEncoder(request, parametersOf(s, inputs));
  const shape = [encoded.length, at(encoded, 0).length, Number(attributes.width)];
  return { encoded: out(encoded.flat(2), shape) };
}

function spaceTimeEncoder(
  { s, inputs, attributes }: Request,
  parameters: Parameters,
): (readonly (readonly Scalar[])[])[] {
  const visible = indices(inputs.visible);
  const slots = Number(inputs['encoder.positions.slot']?.shape[0]);
  return clips(inputs, attributes).map((cubes, b) => [
    ...encodeSpaceTime(s, parameters, cubes, at(visible, b), {
      slots,
      ...blocksOf(attributes, ''),
    }),
  ]);
}

function text(
  { s, inputs, attributes, out }: Request,
  encodeCaption: typeof encodeText,
): Named<HostTensor> {
  const parameters = parametersOf(s, inputs);
  const lengths = Array.from(inputs.lengths?.data ?? []);
  const rows = indices(inputs.ids).map((ids, b) =>
    encodeCaption(s, parameters, ids, at(lengths, b), blocksOf(attributes, '')),
  );
  return { embedding: out(rows.flat(), [rows.length, Number(attributes.width)]) };
}

function projected({ s, inputs, attributes, out }: Request): Named<HostTensor> {
  const { kind, mode } = attributes;
  const x = split(scalars(s, inputs.x), inputs.x?.shape[1] ?? 1);
  const { embedding, statistics } = project(s, parametersOf(s, inputs), 'projection', x, {
    ...{ kind, mode },
  });
  const next = Object.entries(statistics).map(([name, list]) => [name, out(list, [list.length])]);
  const shape = [embedding.length, at(embedding, 0).length];
  return { embedding: out(embedding.flat(), shape), ...Object.fromEntries(next) };
}

function encoder(
  { s, inputs, attributes }: Request,
  parameters: Parameters,
): (readonly (readonly Scalar[])[])[] {
  const visible = indices(inputs.visible);
  return clips(inputs, attributes).map((cubes, b) =>
    encode(s, parameters, cubes, at(visible, b), blocksOf(attributes, '')),
  );
}

/** The loss of the predictions of encoded clips. */
function reconstructionLoss(
  { s, inputs, attributes }: Request,
  parameters: Parameters,
  encodedClips: readonly (readonly (readonly Scalar[])[])[],
): Scalar {
  const [visible, masked] = [indices(inputs.visible), indices(inputs.masked)];
  const predictions = encodedClips.flatMap((encoded, b) => {
    const tokens = { visible: at(visible, b), masked: at(masked, b) };
    return decode(s, parameters, encoded, tokens, blocksOf(attributes, 'decoder_'));
  });
  const wanted = clips(inputs, attributes).flatMap((clip, b) =>
    at(masked, b).flatMap((index) => targetCube(s, at(clip, index))),
  );
  return mae(s, predictions.flat(), wanted).loss;
}

function step(request: Request): Named<HostTensor> {
  const parameters = parametersOf(request.s, request.inputs);
  const loss = reconstructionLoss(request, parameters, encoder(request, parameters));
  return stepResults(request, parameters, { loss, 'loss.mae': loss });
}

function contrastiveStep(request: Request): Named<HostTensor> {
  const { s, inputs, attributes } = request;
  const parameters = parametersOf(s, inputs);
  const mode = 'train';
  const first = spaceTimeEncoder(request, parameters).map((tokens) => at(tokens, 0));
  const video = project(s, parameters, 'projection.video', first, { kind: 'linear', mode });
  const lengths = Array.from(inputs['text.lengths']?.data ?? []);
  const blocks = {
    depth: Number(attributes.text_depth),
    heads: Number(attributes.text_heads),
    eps: Number(attributes.text_norm_eps),
  };
  const captions = indices(inputs['text.ids']).map((ids, b) =>
    encodeText(s, parameters, ids, at(lengths, b), blocks),
  );
  const text = project(s, parameters, 'projection.text', captions, { kind: 'relu-linear', mode });
  const scale = s.div(s.of(1), s.of(Number(attributes.temperature)));
  const { directions } = attributes;
  const loss = at(infonce(s, text.embedding, video.embedding, scale, directions).loss, 0);
  return stepResults(request, parameters, { loss, 'loss.contrastive': loss });
}

function jointStep(request: Request): Named<HostTensor> {
  const { s, inputs, attributes, out } = request;
  const parameters = parametersOf(s, inputs);
  const encoded = encoder(request, parameters);
  const reconstruction = reconstructionLoss(request, parameters, encoded);
  const means = encoded.map((tokens) =>
    at(tokens, 0).map((_, d) => s.mean(tokens.map((token) => at(token, d)))),
  );
  const mode = 'train';
  const video = project(s, parameters, 'projection.video', means, { kind: 'mlp-bn', mode });
  const teacher = inputs['text.embedding'];
  const captions = split(scalars(s, teacher), teacher?.shape[1] ?? 1);
  const text = project(s, parameters, 'projection.text', captions, { kind: 'none', mode });
  const scale = s.exp(at(parameters.get('temperature.log_scale') ?? [], 0));
  const { directions, mae_weight, contrastive_weight, log_scale_limit } = attributes;
  const alignment = at(infonce(s, text.embedding, video.embedding, scale, directions).loss, 0);
  const loss = s.add(
    s.mul(s.of(Number(mae_weight)), reconstruction),
    s.mul(s.of(Number(contrastive_weight)), alignment),
  );
  const losses = { loss, 'loss.mae': reconstruction, 'loss.contrastive': alignment };
  const results = stepResults(request, parameters, losses);
  const next = Number(results['temperature.log_scale']?.data[0]);
  return {
    ...results,
    'temperature.log_scale': out([Math.min(Math.max(next, 0), Number(log_scale_limit))], []),
    ...Object.fromEntries(
      Object.entries(video.statistics).map(([name, list]) => [name, out(list, [list.length])]),
    ),
  };
}

/** Losses, gradients of the one called `loss`, and the update of every parameter that has moments. */
function stepResults(
  { s, inputs, attributes, out }: Request,
  parameters: Parameters,
  losses: Readonly<Record<'loss', Scalar>> & Readonly<Record<string, Scalar>>,
): Named<HostTensor> {
  s.goBack(losses.loss);
  const results: Record<string, HostTensor> = {};
  for (const [name, loss] of Object.entries(losses)) results[name] = out([loss], []);
  const scalar = (name: string): Scalar => at(scalars(s, inputs[name]), 0);
  const schedule = {
    lr: scalar('schedule.lr'),
    c1: scalar('schedule.correction1'),
    c2: scalar('schedule.correction2'),
  };
  for (const [name, numbers] of parameters) {
    const { shape } = inputs[name] as HostTensor;
    if (inputs[`adamw.m.${name}`] === undefined) continue;
    results[`grad.${name}`] = out(
      numbers.map(({ gradient }) => gradient),
      shape,
    );
    const [m, v] = [scalars(s, inputs[`adamw.m.${name}`]), scalars(s, inputs[`adamw.v.${name}`])];
    const decays = shape.length === 2 && name !== 'text.positions';
    const decay = decays ? Number(attributes.weight_decay) : 0;
    const next = numbers.map((p, i) =>
      adamw(
        s,
        { p, m: at(m, i), v: at(v, i), g: s.of(p.gradient), ...schedule },
        { ...(attributes as AdamWAttributes), decay, lr_scale: 1 },
      ),
    );
    for (const [prefix, which] of [
      ['', 'p'],
      ['adamw.m.', 'm'],
      ['adamw.v.', 'v'],
    ] as const) {
      results[`${prefix}${name}`] = out(
        next.map((each) => each[which]),
        shape,
      );
    }
  }
  return results;
}

function parametersOf(s: Scalars, inputs: Named<HostTensor>): Parameters {
  return new Map(
    Object.entries(inputs)
      .filter(([name]) => /^(encoder|decoder|text|projection|temperature)\./.test(name))
      .map(([name, tensor]) => [name, scalars(s, tensor)]),
  );
}

function blocksOf(attributes: FunctionAttributes, prefix: '' | 'decoder_'): Blocks {
  return {
    depth: Number(attributes[`${prefix}depth`]),
    heads: Number(attributes[`${prefix}heads`]),
    eps: Number(attributes.norm_eps),
  };
}

function indices(tensor: HostTensor | undefined): number[][] {
  return split(Array.from(tensor?.data ?? []), tensor?.shape.at(-1) ?? 1);
}

function split<T>(list: readonly T[], length: number): T[][] {
  return Array.from({ length: list.length / length }, (_, i) =>
    list.slice(i * length, (i + 1) * length),
  );
}
