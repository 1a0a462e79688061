// The step of `webgpu-peers.ts` in jax-js on WebGPU: jit of the whole step, or of the gradients and of AdamW.
import process from 'node:process';
import { measure, numbers, openGpu, parameters, require, sizes } from './shared.mjs';

// jax-js uses iterator helpers, which Node 20 has not.
const prototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
const helpers = {
  *map(f) {
    let i = 0;
    for (const x of this) yield f(x, i++);
  },
  *filter(f) {
    for (const x of this) if (f(x)) yield x;
  },
  *flatMap(f) {
    for (const x of this) yield* f(x);
  },
  *take(n) {
    let left = n;
    for (const x of this) {
      if (left-- <= 0) return;
      yield x;
    }
  },
  *drop(n) {
    let left = n;
    for (const x of this) if (left-- <= 0) yield x;
  },
  toArray() {
    return [...this];
  },
  some(f) {
    return [...this].some((x) => f(x));
  },
  every(f) {
    return [...this].every((x) => f(x));
  },
  find(f) {
    return [...this].find((x) => f(x));
  },
  forEach(f) {
    for (const x of this) f(x);
  },
  reduce(f, ...first) {
    return [...this].reduce(f, ...first);
  },
};
for (const [name, value] of Object.entries(helpers)) {
  if (!(name in prototype)) Object.defineProperty(prototype, name, { value, writable: true });
}

await openGpu();
const jax = require('@jax-js/jax');
const { numpy: np, nn } = jax;
await jax.init('webgpu');
jax.defaultDevice('webgpu');

const { batch, visible, tokens, patch, width, heads, depth, shared } = sizes;
const { decoder, decoderHeads, decoderDepth, temperature } = sizes;
const masked = tokens - visible;
const array = (shape, scale, seed) =>
  np
    .array(
      numbers(
        shape.reduce((a, b) => a * b, 1),
        scale,
        seed,
      ),
    )
    .reshape(shape);

// Arrays count their references: every argument is used up, `.ref` keeps one.
const linear = (p, x, name) => np.matmul(x, p[`${name}.w`]).add(p[`${name}.b`]);
function layerNorm(p, x, name) {
  const centred = x.ref.sub(x.mean(-1, { keepdims: true }));
  const variance = np.square(centred.ref).mean(-1, { keepdims: true });
  const scaled = centred.mul(np.reciprocal(np.sqrt(variance.add(1e-6))));
  return scaled.mul(p[`${name}.g`]).add(p[`${name}.b`]);
}
function block(p, x, name, count) {
  const [b, t, w] = x.shape;
  const qkv = linear(p, layerNorm(p, x.ref, `${name}ln1`), `${name}qkv`);
  const split = qkv.reshape([b, t, 3, count, w / count]);
  const [q, k] = [0, 1].map((i) => split.ref.slice([], [], i));
  const v = split.slice([], [], 2);
  const scores = np.einsum('BLNH,BSNH->BNLS', q, k).mul((w / count) ** -0.5);
  const seen = np.einsum('BNLS,BSNH->BLNH', nn.softmax(scores, -1), v).reshape([b, t, w]);
  const y = x.add(linear(p, seen, `${name}proj`));
  const hidden = linear(p, layerNorm(p, y.ref, `${name}ln2`), `${name}fc1`);
  return y.add(linear(p, nn.gelu(hidden, { approximate: false }), `${name}fc2`));
}
function lossOf(p, data) {
  let x = linear(p, data.cubes, 'patch').add(data.positions);
  for (let i = 0; i < depth; i++) x = block(p, x, `encoder${i}.`, heads);
  x = layerNorm(p, x, 'norm');
  const hidden = nn.relu(np.matmul(x.ref.mean(1), p['project1.w']));
  let video = linear(p, hidden, 'project2');
  video = video.ref.div(np.sqrt(np.square(video).sum(-1, { keepdims: true })));
  const logits = np.matmul(video, np.transpose(data.text)).div(temperature);
  const entropy = (l, eye, axis) =>
    nn
      .logSoftmax(l, axis)
      .mul(eye)
      .sum()
      .mul(-1 / batch);
  const nce = entropy(logits.ref, data.eye.ref, 1)
    .add(entropy(logits, data.eye, 0))
    .mul(0.5);
  const seen = np.matmul(x, p['narrow.w']);
  const hiddenTokens = np.zeros([batch, masked, decoder]).add(p.mask);
  let y = np.concatenate([seen, hiddenTokens], 1).add(data.decoderPositions);
  for (let i = 0; i < decoderDepth; i++) y = block(p, y, `decoder${i}.`, decoderHeads);
  y = linear(p, layerNorm(p, y.slice([], [visible, tokens]), 'last'), 'head');
  return nce.add(np.square(y.sub(data.target)).mean(-1).mean());
}

const gradients = jax.jit(jax.valueAndGrad(lossOf));
const [beta1, beta2, rate, decay] = [0.9, 0.95, 1e-4, 0.05];
const adamw = jax.jit((p, m, v, g, a, b) => {
  const m2 = m.mul(beta1).add(g.ref.mul(1 - beta1));
  const v2 = v.mul(beta2).add(np.square(g).mul(1 - beta2));
  const change = m2.ref.mul(a).div(np.sqrt(v2.ref).mul(b).add(1e-8));
  return [p.mul(1 - rate * decay).sub(change), m2, v2];
});

const names = [];
const [state, first, second] = [{}, {}, {}];
let data;
function prepare() {
  for (const { name, shape, data: own } of parameters(sizes)) {
    names.push(name);
    state[name] = np.array(own).reshape(shape);
    first[name] = np.zeros(shape);
    second[name] = np.zeros(shape);
  }
  const text = array([batch, shared], 1, 5);
  const length = np.sqrt(np.square(text.ref).sum(-1, { keepdims: true }));
  data = {
    cubes: array([batch, visible, patch], 1, 1),
    positions: array([batch, visible, width], 1, 2),
    decoderPositions: array([batch, tokens, decoder], 1, 3),
    target: array([batch, masked, patch], 1, 4),
    text: text.div(length),
    eye: np.eye(batch),
  };
}

let turn = 0;
async function step() {
  if (turn === 0) prepare();
  turn++;
  const [loss, g] = gradients(jax.tree.ref(state), jax.tree.ref(data));
  await jax.blockUntilReady(g);
  const a = np.array(rate / (1 - beta1 ** turn));
  const b = np.array(1 / Math.sqrt(1 - beta2 ** turn));
  for (const name of names) {
    const made = adamw(state[name], first[name], second[name], g[name], a.ref, b.ref);
    [state[name], first[name], second[name]] = made;
  }
  a.dispose();
  b.dispose();
  await jax.blockUntilReady([state, first, second]);
  return (await loss.data())[0];
}

let sides;
async function product(edge) {
  sides ??= [array([edge, edge], 1, 6), array([edge, edge], 1, 7)];
  const made = np.matmul(sides[0].ref, sides[1].ref);
  await made.blockUntilReady();
  made.dispose();
}

await measure('jax-js 0.1.25', { product, step });
process.exit(0);
