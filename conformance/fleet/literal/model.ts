import { softmax } from './formulas.js';
import { at, type Scalar, type Scalars } from './scalars.js';

type Token = readonly Scalar[];
/** A parameter's numbers, by name. */
export type Parameters = ReadonlyMap<string, readonly Scalar[]>;

const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

/** y = x W^T + b; without b where there is none. */
function linear(s: Scalars, parameters: Parameters, name: string, x: Token): Scalar[] {
  const weight = parameters.get(`${name}.weight`) ?? [];
  const bias = parameters.get(`${name}.bias`);
  return Array.from({ length: weight.length / x.length }, (_, o) => {
    const y = s.dot(x, weight.slice(o * x.length, (o + 1) * x.length));
    return bias === undefined ? y : s.add(y, at(bias, o));
  });
}

function norm(s: Scalars, parameters: Parameters, name: string, x: Token, eps: number): Scalar[] {
  const mean = s.mean(x);
  const centred = x.map((each) => s.sub(each, mean));
  const variance = s.mean(centred.map((each) => s.mul(each, each)));
  const deviation = s.sqrt(s.add(variance, s.of(eps)));
  const [weight, bias] = [parameters.get(`${name}.weight`), parameters.get(`${name}.bias`)];
  return centred.map((each, i) =>
    s.add(s.mul(s.div(each, deviation), at(weight ?? [], i)), at(bias ?? [], i)),
  );
}

/** x (1 + erf(x / sqrt 2)) / 2 */
function gelu(s: Scalars, x: Scalar): Scalar {
  const inner = s.erf(s.div(x, s.of(Math.SQRT2)));
  return s.div(s.mul(x, s.add(s.of(1), inner)), s.of(2));
}

/** Whether one token meets another, by their places. */
type Meets = (query: number, key: number) => boolean;
const ALL: Meets = () => true;

function attention(
  s: Scalars,
  parameters: Parameters,
  name: string,
  tokens: readonly Token[],
  heads: number,
  meets: Meets = ALL,
): Scalar[][] {
  const part = (which: string): Scalar[][] =>
    tokens.map((x) => linear(s, parameters, `${name}.${which}`, x));
  const [q, k, v] = [part('q'), part('k'), part('v')];
  const width = at(tokens, 0).length / heads;
  const root = s.of(Math.sqrt(width));
  return q.map((query, n) => {
    const [keys, values] = [k, v].map((list) => list.filter((_, m) => meets(n, m))) as [
      Scalar[][],
      Scalar[][],
    ];
    const outputs = Array.from({ length: heads }, (_, j) => {
      const own = (x: Token): Token => x.slice(j * width, (j + 1) * width);
      const scores = keys.map((key) => s.div(s.dot(own(query), own(key)), root));
      const p = softmax(s, scores);
      return Array.from({ length: width }, (_unused, i) =>
        s.dot(
          p,
          values.map((value) => at(own(value), i)),
        ),
      );
    });
    return linear(s, parameters, `${name}.proj`, outputs.flat());
  });
}

export interface Blocks {
  readonly depth: number;
  readonly heads: number;
  readonly eps: number;
}

/** fc2(gelu(fc1(x))) */
function mlp(s: Scalars, parameters: Parameters, name: string, x: Token): Scalar[] {
  const hidden = linear(s, parameters, `${name}.mlp.fc1`, x);
  return linear(
    s,
    parameters,
    `${name}.mlp.fc2`,
    hidden.map((each) => gelu(s, each)),
  );
}

function sums(s: Scalars, a: readonly Token[], b: readonly Token[]): Scalar[][] {
  return a.map((token, n) => token.map((each, d) => s.add(each, at(at(b, n), d))));
}

/** x += proj(attention(norm1(x))); x += fc2(gelu(fc1(norm2(x)))). */
export function blocks(
  s: Scalars,
  parameters: Parameters,
  part: string,
  tokens: readonly Token[],
  { depth, heads, eps }: Blocks,
): readonly Token[] {
  let x = tokens;
  for (let i = 0; i < depth; i++) {
    const name = `${part}.${i}`;
    const normed = (which: string): Scalar[][] =>
      x.map((token) => norm(s, parameters, `${name}.${which}`, token, eps));
    x = sums(s, x, attention(s, parameters, `${name}.attn`, normed('norm1'), heads));
    const added = normed('norm2').map((token) => mlp(s, parameters, name, token));
    x = sums(s, x, added);
  }
  return x;
}

/** Divided attention: a = x + time(norm3(x)); x += attn(norm1(a)); x += fc2(gelu(fc1(norm2(x)))). */
function spaceTimeBlocks(
  s: Scalars,
  parameters: Parameters,
  tokens: readonly Token[],
  slots: number,
  { depth, heads, eps }: Blocks,
): readonly Token[] {
  const places = (tokens.length - 1) / slots;
  const meets =
    (group: (j: number) => number): Meets =>
    (query, key) =>
      query === 0 || key === 0 || group(query - 1) === group(key - 1);
  let x = tokens;
  for (let i = 0; i < depth; i++) {
    const name = `encoder.${i}`;
    const normed = (which: string, of: readonly Token[]): Scalar[][] =>
      of.map((token) => norm(s, parameters, `${name}.${which}`, token, eps));
    const mixed = (layer: string, of: Scalar[][], group: (j: number) => number): Scalar[][] =>
      attention(s, parameters, `${name}.${layer}`, of, heads, meets(group));
    const a = sums(
      s,
      x,
      mixed('time', normed('norm3', x), (j) => j % places),
    );
    x = sums(
      s,
      x,
      mixed('attn', normed('norm1', a), (j) => Math.floor(j / places)),
    );
    x = sums(
      s,
      x,
      normed('norm2', x).map((token) => mlp(s, parameters, name, token)),
    );
  }
  return x;
}

/** The encoder with a class token and divided attention. */
export function encodeSpaceTime(
  s: Scalars,
  parameters: Parameters,
  cubes: readonly (readonly number[])[],
  visible: readonly number[],
  { slots, ...options }: Blocks & { readonly slots: number },
): readonly Token[] {
  const [place, slot] = ['place', 'slot'].map(
    (which) => parameters.get(`encoder.positions.${which}`) ?? [],
  ) as [readonly Scalar[], readonly Scalar[]];
  const places = cubes.length / slots;
  const tokens = visible.map((index) => {
    const cube = linear(s, parameters, 'encoder.patch', pixelsOf(s, at(cubes, index)));
    return cube.map((each, d) => {
      const width = cube.length;
      const where = s.add(
        at(place, (index % places) * width + d),
        at(slot, Math.floor(index / places) * width + d),
      );
      return s.add(each, where);
    });
  });
  const first = parameters.get('encoder.class') ?? [];
  const encoded = spaceTimeBlocks(s, parameters, [first, ...tokens], slots, options);
  return encoded.map((token) => norm(s, parameters, 'encoder.norm', token, options.eps));
}

/** The first token of a caption: x = norm1(x + attention(x)); x = norm2(x + fc2(gelu(fc1(x)))). */
export function encodeText(
  s: Scalars,
  parameters: Parameters,
  ids: readonly number[],
  length: number,
  { depth, heads, eps }: Blocks,
): Token {
  const row = (table: string, index: number, width: number): Token =>
    (parameters.get(`text.${table}`) ?? []).slice(index * width, (index + 1) * width);
  const width = (parameters.get('text.embed.norm.weight') ?? []).length;
  let x: readonly Token[] = ids.map((id, place) => {
    const [token, position, segment] = [
      row('tokens', id, width),
      row('positions', place, width),
      row('segments', 0, width),
    ];
    const sum = token.map((each, d) => s.add(s.add(each, at(position, d)), at(segment, d)));
    return norm(s, parameters, 'text.embed.norm', sum, eps);
  });
  for (let i = 0; i < depth; i++) {
    const name = `text.${i}`;
    const after = (which: string, added: readonly Token[]): readonly Token[] =>
      sums(s, x, added).map((token) => norm(s, parameters, `${name}.${which}`, token, eps));
    x = after(
      'norm1',
      attention(s, parameters, `${name}.attn`, x, heads, (_, key) => key < length),
    );
    x = after(
      'norm2',
      x.map((token) => mlp(s, parameters, name, token)),
    );
  }
  return at(x, 0);
}

/** The last token of a caption, in which a token meets itself and those before it. */
export function encodeTextCausally(
  s: Scalars,
  parameters: Parameters,
  ids: readonly number[],
  length: number,
  { depth, heads, eps }: Blocks,
): Token {
  const width = (parameters.get('text.norm.weight') ?? []).length;
  const row = (table: string, index: number): Token =>
    (parameters.get(`text.${table}`) ?? []).slice(index * width, (index + 1) * width);
  let x: readonly Token[] = ids.map((id, place) =>
    row('tokens', id).map((each, d) => s.add(each, at(row('positions', place), d))),
  );
  for (let i = 0; i < depth; i++) {
    const name = `text.${i}`;
    const normed = (which: string): Scalar[][] =>
      x.map((token) => norm(s, parameters, `${name}.${which}`, token, eps));
    const meets: Meets = (query, key) => key <= query;
    x = sums(s, x, attention(s, parameters, `${name}.attn`, normed('norm1'), heads, meets));
    const added = normed('norm2').map((token) => {
      const hidden = linear(s, parameters, `${name}.mlp.fc1`, token);
      return linear(
        s,
        parameters,
        `${name}.mlp.fc2`,
        hidden.map((each) => quickGelu(s, each)),
      );
    });
    x = sums(s, x, added);
  }
  return norm(s, parameters, 'text.norm', at(x, length - 1), eps);
}

/** x / (1 + e^(-1.702 x)) */
function quickGelu(s: Scalars, x: Scalar): Scalar {
  return s.div(x, s.add(s.of(1), s.exp(s.mul(s.of(-1.702), x))));
}

/** Embeddings of length 1, and the next statistics of the batch norm where it is trained. */
export interface Projected {
  readonly embedding: readonly Token[];
  readonly statistics: Readonly<Record<string, readonly Scalar[]>>;
}

/** The head `name` on the rows x. */
export function project(
  s: Scalars,
  parameters: Parameters,
  name: string,
  x: readonly Token[],
  { kind, mode }: { readonly kind: unknown; readonly mode: unknown },
): Projected {
  const layer = (which: string, rows: readonly Token[]): readonly Token[] =>
    rows.map((row) => linear(s, parameters, `${name}.${which}`, row));
  let y = kind === 'mlp' || kind === 'mlp-bn' ? layer('fc1', x) : x;
  let statistics: Projected['statistics'] = {};
  if (kind === 'mlp-bn') {
    const normed = batchNorm(s, parameters, `${name}.norm`, y, mode === 'train');
    y = normed.embedding;
    if (mode === 'train') statistics = normed.statistics;
  }
  if (kind !== 'linear' && kind !== 'none')
    y = y.map((row) => row.map((each) => (each.value > 0 ? each : s.of(0))));
  if (kind !== 'none') y = layer('fc2', y);
  const embedding = y.map((row) => {
    const square = s.dot(row, row);
    const length = s.sqrt(square.value > 1e-24 ? square : s.of(1e-24));
    return row.map((each) => s.div(each, length));
  });
  return { embedding, statistics };
}

function batchNorm(
  s: Scalars,
  parameters: Parameters,
  name: string,
  x: readonly Token[],
  isTrained: boolean,
): Projected {
  const of = (which: string, d: number): Scalar => at(parameters.get(`${name}.${which}`) ?? [], d);
  const B = x.length;
  const columns = at(x, 0).map((_, d) => {
    const column = x.map((row) => at(row, d));
    const mean = isTrained ? s.mean(column) : of('running_mean', d);
    const squares = column.map((each) => s.mul(s.sub(each, mean), s.sub(each, mean)));
    const variance = isTrained ? s.mean(squares) : of('running_variance', d);
    const deviation = s.sqrt(s.add(variance, s.of(1e-5)));
    const moved = (which: string, next: Scalar): Scalar =>
      s.add(s.mul(s.of(0.9), of(which, d)), s.mul(s.of(0.1), next));
    return {
      values: column.map((each) => {
        const normed = s.div(s.sub(each, mean), deviation);
        return s.add(s.mul(normed, of('weight', d)), of('bias', d));
      }),
      mean: moved('running_mean', mean),
      variance: moved('running_variance', s.div(s.mul(variance, s.of(B)), s.of(B - 1))),
    };
  });
  return {
    embedding: x.map((_, b) => columns.map(({ values }) => at(values, b))),
    statistics: {
      [`${name}.running_mean`]: columns.map(({ mean }) => mean),
      [`${name}.running_variance`]: columns.map(({ variance }) => variance),
    },
  };
}

/** (pixel / 255 - mean) / std of the channel. */
function pixelsOf(s: Scalars, cube: readonly number[]): Scalar[] {
  return cube.map((pixel, i) => {
    const x = s.div(s.of(pixel), s.of(255));
    return s.div(s.sub(x, s.of(at(MEAN, i % 3))), s.of(at(STD, i % 3)));
  });
}

/** The encoder of one clip: its visible cubes, their indices. */
export function encode(
  s: Scalars,
  parameters: Parameters,
  cubes: readonly (readonly number[])[],
  visible: readonly number[],
  options: Blocks,
): readonly Token[] {
  const tokens = visible.map((index) => {
    const pixels = pixelsOf(s, at(cubes, index));
    return placed(s, parameters, 'encoder', linear(s, parameters, 'encoder.patch', pixels), index);
  });
  return blocks(s, parameters, 'encoder', tokens, options).map((token) =>
    norm(s, parameters, 'encoder.norm', token, options.eps),
  );
}

/** The predictions for the masked cubes of one clip. */
export function decode(
  s: Scalars,
  parameters: Parameters,
  encoded: readonly Token[],
  { visible, masked }: Readonly<Record<'visible' | 'masked', readonly number[]>>,
  options: Blocks,
): readonly Token[] {
  const seen = encoded.map((token, n) =>
    placed(s, parameters, 'decoder', linear(s, parameters, 'decoder.embed', token), at(visible, n)),
  );
  const hidden = masked.map((index) =>
    placed(s, parameters, 'decoder', parameters.get('decoder.mask') ?? [], index),
  );
  const x = blocks(s, parameters, 'decoder', [...seen, ...hidden], options);
  return x.slice(seen.length).map((token) => {
    const normed = norm(s, parameters, 'decoder.norm', token, options.eps);
    return linear(s, parameters, 'decoder.head', normed);
  });
}

/** A token plus its position. */
function placed(
  s: Scalars,
  parameters: Parameters,
  part: string,
  token: Token,
  index: number,
): Scalar[] {
  const table = parameters.get(`${part}.positions`) ?? [];
  return token.map((each, d) => s.add(each, at(table, index * token.length + d)));
}
