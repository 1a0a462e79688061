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

function attention(
  s: Scalars,
  parameters: Parameters,
  name: string,
  tokens: readonly Token[],
  heads: number,
): Scalar[][] {
  const part = (which: string): Scalar[][] =>
    tokens.map((x) => linear(s, parameters, `${name}.${which}`, x));
  const [q, k, v] = [part('q'), part('k'), part('v')];
  const width = at(tokens, 0).length / heads;
  const root = s.of(Math.sqrt(width));
  return q.map((query) => {
    const outputs = Array.from({ length: heads }, (_, j) => {
      const own = (x: Token): Token => x.slice(j * width, (j + 1) * width);
      const scores = k.map((key) => s.div(s.dot(own(query), own(key)), root));
      const p = softmax(s, scores);
      return Array.from({ length: width }, (_unused, i) =>
        s.dot(
          p,
          v.map((value) => at(own(value), i)),
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
    const plus = (added: readonly Token[]): readonly Token[] =>
      x.map((token, n) => token.map((each, d) => s.add(each, at(at(added, n), d))));
    const normed = x.map((token) => norm(s, parameters, `${name}.norm1`, token, eps));
    x = plus(attention(s, parameters, `${name}.attn`, normed, heads));
    x = plus(
      x.map((token) => {
        const input = norm(s, parameters, `${name}.norm2`, token, eps);
        const hidden = linear(s, parameters, `${name}.mlp.fc1`, input);
        return linear(
          s,
          parameters,
          `${name}.mlp.fc2`,
          hidden.map((each) => gelu(s, each)),
        );
      }),
    );
  }
  return x;
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
    const pixels = at(cubes, index).map((pixel, i) => {
      const x = s.div(s.of(pixel), s.of(255));
      return s.div(s.sub(x, s.of(at(MEAN, i % 3))), s.of(at(STD, i % 3)));
    });
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
