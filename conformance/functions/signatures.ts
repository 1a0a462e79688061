import type { FunctionName } from '../../protocol/function-call.js';
import { AUGMENTATIONS } from '../../spec/finetuning/rand-augment.js';
import { DIRECTIONS, ROUNDINGS, TEXT_MASK_MODES, TEXT_MASK_UNITS } from '../../spec/index.js';
import { GAUSSIAN } from '../../spec/masking/flow-warped.js';
import { EMBEDDING_STARTS } from '../../spec/model/state.js';
import { RESIZES } from '../../spec/model/transfer.js';
import { DECAYS, WARMUPS } from '../../spec/optim/schedule.js';
import { MODEL_SIGNATURES } from './model-signatures.js';
import type { AttributeSpec, FunctionSignature, TensorSpec } from './signature.js';

const integer = (text: string): AttributeSpec => ({ type: 'integer', text });
const number = (text: string): AttributeSpec => ({ type: 'number', text });
const choice = (choices: readonly string[], text: string): AttributeSpec => ({
  type: 'choice',
  choices,
  text,
});
const tensor = (
  name: string,
  dtype: TensorSpec['dtype'],
  shape: string,
  text: string,
): TensorSpec => ({ name, dtype, shape: shape === '' ? [] : shape.split(' '), text });

const GRID = {
  slots: integer('S, slots of time.'),
  rows: integer('R, rows of places in a slot.'),
  columns: integer('C, columns of places in a slot.'),
  ratio: number('The share of the places of a slot that is masked, at least 0 and below 1.'),
  rounding: choice(
    ROUNDINGS.filter((name) => name.startsWith('floor')),
    'How ratio times places becomes a number.',
  ),
};
const ADDRESS = {
  seed: integer('An integer in [0, 2^53).'),
  replicate: integer('An integer in [0, 2^16).'),
  epoch: integer('An integer in [0, 2^32).'),
  sample: integer('An integer in [0, 2^32).'),
};
const MASK_OUTPUTS = [
  tensor('visible', 'i32', 'K', 'Tokens that stay visible, ascending.'),
  tensor('masked', 'i32', 'M', 'Masked tokens, ascending; K + M = S R C.'),
  tensor('counts', 'i32', '2', 'K and M.'),
];
const COUNTING =
  'With n = R C places in float64: floor-masked masks m = floor(ratio n) of each slot; floor-visible leaves floor(n (1 - ratio)) visible; floor-visible-at-least-one leaves at least 1. Ratio 0 masks nothing. Token t = slot R C + row C + column.';

const REPEAT = integer('r, which augmentation of its clip it is, from 0 to 15.');
const REPEATED = (stream: string): string =>
  `Words and integer(n) as for mask.tube, of stream ${stream}; where r > 0, at replicate min(replicate, 4095) + 4096 r.`;

const INFONCE_INPUTS: readonly TensorSpec[] = [
  tensor('text', 'float', 'B D', 'Not yet normalised.'),
  tensor('video', 'float', 'B D', 'Not yet normalised.'),
  tensor('log_scale', 'float', '', 'log(1 / tau).'),
];
const INFONCE_OUTPUTS: readonly TensorSpec[] = [
  tensor('loss', 'float', '', ''),
  tensor('grad.text', 'float', 'B D', 'With respect to the embeddings as given.'),
  tensor('grad.video', 'float', 'B D', ''),
  tensor('grad.log_scale', 'float', '', ''),
];

/** The functions, in the order in which a port grows. */
export const FUNCTION_SIGNATURES: readonly FunctionSignature[] = [
  {
    function: 'random.philox',
    text: 'Philox4x32-10 of n counters under n keys.',
    clauses: ['random.philox'],
    attributes: {},
    inputs: [
      tensor('counter', 'i32', 'n 4', 'Words of 32 bits: the bits of i32, read as unsigned.'),
      tensor('key', 'i32', 'n 2', 'As the counter.'),
    ],
    outputs: [tensor('words', 'i32', 'n 4', 'The words, as bits of i32.')],
    details: [
      'Ten rounds of (c0, c1, c2, c3) -> (high(CD9E8D57 c2) ^ c1 ^ k0, low(CD9E8D57 c2), high(D2511F53 c0) ^ c3 ^ k1, low(D2511F53 c0)); after each, k0 += 9E3779B9 and k1 += BB67AE85, modulo 2^32.',
      'Counter and key of zeros give 6627E8D5 E169C58D BC57AC4C 9B00DBD8.',
    ],
  },
  {
    function: 'mask.tube',
    text: 'A random set of places, masked in every slot.',
    clauses: ['mask.count', 'mask.order', 'mask.tube'],
    attributes: {
      ...GRID,
      ...ADDRESS,
    },
    inputs: [],
    outputs: MASK_OUTPUTS,
    details: [
      COUNTING,
      'Words: Philox of counter (block, 6 * 2^16 + replicate, epoch, sample) under key (seed mod 2^32, floor(seed / 2^32)), for block = 0, 1, ...; four words each, in order. 6 is the stream of video masks.',
      'integer(n): take the next word w; if (w n) mod 2^32 < (2^32 - n) mod n take another; the result is floor(w n / 2^32).',
      'Places that stay visible: of items 0 ... n - 1, for i = 0 ... n - m - 1 swap item i with item i + integer(n - i); the first n - m items, sorted.',
    ],
  },
  {
    function: 'mask.random_per_slot',
    text: 'A random set of places for each slot.',
    clauses: ['mask.random_per_slot'],
    attributes: { ...GRID, ...ADDRESS },
    inputs: [],
    outputs: MASK_OUTPUTS,
    details: [
      COUNTING,
      'Words and integer(n) as for mask.tube, one sequence of words for all slots: for slot 0, then 1, ..., the places that stay visible are drawn anew of items 0 ... n - 1, as there.',
    ],
  },
  {
    function: 'mask.topk',
    text: 'The places of each slot with the highest values of a map are masked.',
    clauses: ['mask.count', 'mask.topk'],
    attributes: GRID,
    inputs: [tensor('map', 'i32', 'S R*C', 'Values of int16.')],
    outputs: MASK_OUTPUTS,
    details: [COUNTING, 'Of equal values the lower place is masked first.'],
  },
  {
    function: 'mask.flow_warped',
    text: 'The visible tokens follow the motion of the clip.',
    clauses: ['mask.flow_warped'],
    attributes: { ...GRID, ...ADDRESS },
    inputs: [
      tensor(
        'flow',
        'i32',
        'T 2*R 2*C 2',
        'Values of int16: (x to the right, y down) in 1/256 of the side of a patch, for each quarter of a patch. T is a multiple of S.',
      ),
    ],
    outputs: MASK_OUTPUTS,
    details: [
      COUNTING,
      'If m = 0 nothing is masked. Else a map has 8 R rows and 8 C columns of samples, 8 a side of a patch; b = floor(T / 2). All numbers are integers; floor goes down, of negative numbers, too.',
      'Centres: with k = floor(ratio n), whatever the rounding, words and integer(n) as for mask.tube; of items 0 ... n - 1, for i = 0 ... n - k - 1 swap item i with item i + integer(n - i); the first n - k items are places.',
      `Base map: at sample (y, x) the highest over the centres of floor(g(dy) g(dx) / 2^16), 0 where there is none. A centre lies at row 8 floor(place / C) + 4, column 8 (place mod C) + 4; with d = y - row, or x - column, g(d) is entry d, or -d - 1 where d < 0, of ${GAUSSIAN.join(', ')}; 0 beyond.`,
      'The map of frame b is the base map. For t = b + 1 ... T - 1, then t = b - 1 ... 0, that of frame t is made of that of its neighbour on the side of b, called the known one. Sample (y, x) lies in block (floor(y / 4), floor(x / 4)) of the flow of frame t; with its (u, v) let X = 32 x + u, Y = 32 y + v.',
      'Where X <= -32 or Y <= -32 or X >= 32 * 8 C or Y >= 32 * 8 R, the sample is that of the base map. Else, with l = floor(X / 32), r = X - 32 l, o = floor(Y / 32), q = Y - 32 o: floor(((32 - q) ((32 - r) p(o, l) + r p(o, l + 1)) + q ((32 - r) p(o + 1, l) + r p(o + 1, l + 1)) + 512) / 1024), where p is a sample (row, column) of the known map, 0 outside it.',
      'A token has the sum of the 8 x 8 samples of its place over the maps of the T / S frames of its slot. In each slot the m tokens of the lowest sums are masked, of equal ones the lower place first.',
    ],
  },
  {
    function: 'map.crop',
    text: 'The map of a cropped and mirrored frame, of that of the whole frame.',
    clauses: ['map.crop'],
    attributes: {
      width: integer('Pixels of the whole frame, across.'),
      height: integer('And down.'),
      x: integer('The first column of pixels of the crop.'),
      y: integer('Its first row.'),
      crop_width: integer('Its columns.'),
      crop_height: integer('Its rows.'),
      flip: choice(['no', 'yes'], 'Whether the crop is mirrored, left to right.'),
      rows: integer("R', rows of places over the crop."),
      columns: integer("C', columns of places."),
    },
    inputs: [
      tensor('map', 'i32', 'R C', 'Values of int16: of each of R x C equal cells of the frame.'),
    ],
    outputs: [tensor('map', 'i32', "R' C'", 'Of each of the equal places of the crop.')],
    details: [
      "Exact integers. Across, in units of 1 / (C C') of a pixel: cell c covers c width C' ... (c + 1) width C', place p covers (x C' + p crop_width) C ... (x C' + (p + 1) crop_width) C; down likewise, with height, R, R' and y.",
      "A place has floor((2 s + a) / (2 a)), floor going down: s is the sum over all cells of the value times the lengths that cell and place share across and down; a = (crop_width C) (crop_height R). With flip, place p of a row is written to C' - 1 - p.",
      'Frames and grids have up to 2^16 a side: s takes more than 64 bits at the largest.',
    ],
  },
  {
    function: 'mask.text',
    text: 'Tokens or whole words of a caption, replaced or dropped.',
    clauses: ['mask.text', 'mask.text.words'],
    attributes: {
      mode: choice(TEXT_MASK_MODES, 'Whether masked tokens become the mask, or are left out.'),
      unit: choice(TEXT_MASK_UNITS, 'What is counted and chosen.'),
      ratio: number('The share of the units that is masked, at least 0 and below 1.'),
      rounding: choice(ROUNDINGS, 'How ratio times units becomes a number.'),
      mask: integer('The id that replaces a masked token.'),
      pad: integer('The id that fills up a caption.'),
      ...ADDRESS,
    },
    inputs: [
      tensor('ids', 'i32', 'L', 'Token ids, filled up with pad.'),
      tensor('special', 'i32', 'n', 'Ids that are never masked, beside pad.'),
      tensor('continues', 'i32', 'L', '1 where a token goes on with the word of the one before.'),
    ],
    outputs: [
      tensor('ids', 'i32', 'L', 'The caption after masking.'),
      tensor('masked', 'i32', 'M', 'Places of the masked tokens, ascending.'),
    ],
    details: [
      'Units: each token that is neither pad nor special, in order; of unit word such a token belongs to the unit of the token directly before it where continues is 1 and that one is neither pad nor special.',
      'Of n units min(m, n - 1) are masked, and none of none: m as for mask.tube with n for the places, and by nearest-masked-at-least-one max(1, ratio n to the nearest integer, halves to even); 0 where ratio or n is 0.',
      'Which: words and integer(n) as for mask.tube, of stream 7; of items 0 ... n - 1, for i = 0 ... count - 1 swap item i with item i + integer(n - i); the first count items are masked.',
      'replace: masked tokens become mask. drop: they are left out, the others move forward in order, and pad fills the end.',
    ],
  },
  {
    function: 'retrieval.rank',
    text: 'The expected rank of each query, and its recall at k, where similarities tie.',
    clauses: ['evaluation.rank', 'evaluation.recall'],
    attributes: { k: integer('k, at least 1.') },
    inputs: [
      tensor('similarity', 'i32', 'Q N', 'Similarities of Q queries with N items.'),
      tensor(
        'right',
        'u8',
        'Q N',
        '1 where the item is right; every query has one, every item is right for one.',
      ),
    ],
    outputs: [
      tensor('rank', 'i32', 'Q 2', 'Numerator and denominator, in lowest terms.'),
      tensor('recall', 'i32', 'Q 2', 'The same; 0 is 0 / 1.'),
    ],
    details: [
      'Of each query: s, the highest similarity of a right item; h, wrong items above s; w, wrong items at s; r, right items at s.',
      'rank = (h (r + 1) + w) / (r + 1).',
      'With m = max(0, k - h): recall = 1 - product over i = 0 ... r - 1 of max(0, w + r - m - i) / (w + r - i).',
    ],
  },
  {
    function: 'state.start',
    text: 'The numbers that the weight of a layer starts with.',
    clauses: ['state.start'],
    attributes: {
      start: choice(EMBEDDING_STARTS, 'The rule for the bound.'),
      inputs: integer('Columns of the weight.'),
      outputs: integer('Rows of the weight.'),
      count: integer('n, how many numbers are asked for, from the first on.'),
      seed: ADDRESS.seed,
      sample: integer("An integer in [0, 2^32): in a run the digest of the tensor's name."),
    },
    inputs: [],
    outputs: [tensor('bits', 'i32', 'n', 'The numbers in float32, as bits of i32.')],
    details: [
      'In float64: bound = 1 / sqrt(inputs) for fan-in, sqrt(6 / (inputs + outputs)) for xavier; number i = -bound + (2 bound) u, each operation rounded to float64 and the result to float32, with u = floor(w / 2^8) / 2^24 of word w = i. Words as for mask.tube; stream, replicate and epoch are 0.',
    ],
  },
  {
    function: 'state.resize',
    text: 'A table of positions at another size.',
    clauses: ['state.resize'],
    attributes: {
      kind: choice(RESIZES, 'What the table is of.'),
      rows: integer('R, rows of the grid, or slots.'),
      columns: integer('C, columns of the grid; 1 for slots.'),
      toRows: integer('Rows of the new grid, or new slots.'),
      toColumns: integer('Columns of the new grid; 1 for slots.'),
    },
    inputs: [tensor('table', 'i32', 'R*C D', 'The table row by row, in sixteenths.')],
    outputs: [tensor('bits', 'i32', 'n', 'The new table in float32, as bits of i32.')],
    details: [
      'All of it in float64, each operation rounded; the result is rounded to float32 once. An axis of the same size stays as it is.',
      'places: columns first, then rows. New index i of n from N lies at y = (i + 0.5) N / n - 0.5; with f = floor(y), the sum from 0 on over k = -1, 0, 1, 2 of w(|y - f - k|) times index min(max(f + k, 0), N - 1). w(x) = ((a + 2) x - (a + 3)) x x + 1 up to 1, else ((a x - 5 a) x + 8 a) x - 4 a; a = -0.75, from left to right.',
      'slots: y cut to [0, N - 1], f = floor(y), t = y - f: (1 - t) times slot f plus t times slot min(f + 1, N - 1).',
    ],
  },
  {
    function: 'augment.draw',
    text: 'The operations that RandAugment does on a clip.',
    clauses: ['finetuning.rand_augment', 'finetuning.repeats'],
    attributes: {
      layers: integer('Operations that are drawn.'),
      magnitude: number('Their mean magnitude, in [0, 10].'),
      deviation: number('Its standard deviation.'),
      repeat: REPEAT,
      ...ADDRESS,
    },
    inputs: [],
    outputs: [
      tensor('operations', 'i32', 'n', 'Those that are done, in order: places in the list below.'),
      tensor('bits', 'i32', 'n', 'The level of each in float32, as bits of i32.'),
    ],
    details: [
      `0 to 14: ${AUGMENTATIONS.join(', ')}.`,
      REPEATED('13'),
      'Of each layer four draws: the operation, integer(15); it is done where u < 1/2, u = floor(w / 2^8) / 2^24 of the next word w; the standard normal value n of which (w + 1/2) / 2^32 of the next word is the distribution function, to float64 (AS 241); the direction s, 1 where integer(2) is 0, else -1.',
      'm = min(10, max(0, magnitude + float32(deviation n))) / 10 in float64. Levels: 0 of operations 0 to 2; 30 s m of rotate; 4 - trunc(4 m) of posterize; 256 - trunc(256 m) of solarize; trunc(110 m) of solarize-add; 1 + 0.9 s m of color to sharpness; 0.3 s m of shears; 0.45 s m of translations. m first, then the factor; -0 is written as 0.',
    ],
  },
  {
    function: 'erase.draw',
    text: 'The box of a clip that noise replaces.',
    clauses: ['finetuning.erasing'],
    attributes: {
      probability: number('How many of the clips have one.'),
      size: integer('H, rows and columns of a frame.'),
      repeat: REPEAT,
      ...ADDRESS,
    },
    inputs: [],
    outputs: [
      tensor('box', 'i32', 'n', 'Top, bottom, left, right, the ends excluded; n = 0 of none.'),
    ],
    details: [
      REPEATED('14'),
      'u: floor(w / 2^8) / 2^24 of the next word w. None where u >= probability. Else up to 100 times: a = (0.02 + (1/3 - 0.02) u) H H; b = e^(-l + 2 l u) with the next u and l = -ln 0.3; height = floor(sqrt(a b) + 1/2), width = floor(sqrt(a / b) + 1/2); where both are at least 1 and below H: top = integer(H - height + 1), left = integer(H - width + 1), and that is the box.',
    ],
  },
  {
    function: 'patchify',
    text: 'Clips cut into cubes.',
    clauses: ['patch.order'],
    attributes: {
      tubelet: integer('t, frames of a cube; divides T.'),
      patch: integer('p, rows and columns of pixels of a cube; divides H.'),
    },
    inputs: [tensor('frames', 'u8', 'B T H H 3', 'Pixels, channel last.')],
    outputs: [tensor('cubes', 'u8', 'B N P', 'N = (T/t) (H/p)^2, P = 3 t p^2.')],
    details: [
      'Cubes are ordered slot, row, column; the values of one are ordered frame, row, column, channel.',
    ],
  },
  {
    function: 'target.cube',
    text: 'Targets of cubes: pixels normalised for each cube and channel.',
    clauses: ['target.flat', 'target.cube'],
    attributes: { float: choice(['f32', 'f64'], 'The type of the targets.') },
    inputs: [tensor('cubes', 'u8', 'B M P', 'Pixels of cubes, as patchify gives them.')],
    outputs: [tensor('targets', 'float', 'B M P', 'y = (x - mean) / (sqrt(var) + 1e-6).')],
    details: [
      'x = pixel / 255; mean and var over the P / 3 values of a channel, two or more, var divided by their number less 1.',
      'Subtract the first value of the channel before anything else: where all are equal, y is then exactly 0.',
    ],
  },
  {
    function: 'loss.mae',
    text: 'The mean squared error and its gradient.',
    clauses: ['loss.mae', 'loss.mae.gradient'],
    attributes: {},
    inputs: [tensor('prediction', 'float', 'B M P', ''), tensor('target', 'float', 'B M P', '')],
    outputs: [
      tensor('loss', 'float', '', 'The mean of (prediction - target)^2 over all elements.'),
      tensor('grad.prediction', 'float', 'B M P', '2 (prediction - target) / (B M P).'),
    ],
    details: [],
  },
  {
    function: 'loss.infonce',
    text: 'InfoNCE of B pairs of embeddings and its gradients.',
    clauses: ['loss.infonce', 'loss.infonce.gradient'],
    attributes: { directions: choice(DIRECTIONS, 'w = 1/2 or 1, below.') },
    inputs: INFONCE_INPUTS,
    outputs: INFONCE_OUTPUTS,
    details: [
      't and v are the rows x / sqrt(max(sum x^2, 1e-24)); S = exp(log_scale) t v^T.',
      'L = w (mean_i -log softmax(S[i, :])[i] + mean_j -log softmax(S[:, j])[j]); subtract the maximum before exp.',
      'G = dL/dS = (w / B) (softmax of rows + softmax of columns - 2 I); dt = scale G v; dv = scale G^T t; dlog_scale = sum G S.',
      'dx = (dt - t (t . dt)) / |x|; where sum x^2 <= 1e-24, dx = dt 1e12.',
    ],
  },
  {
    function: 'loss.infonce.captions',
    text: 'InfoNCE where pairs with equal captions are positives of each other, and its gradients.',
    clauses: ['loss.infonce', 'loss.infonce.gradient'],
    attributes: { directions: choice(DIRECTIONS, 'w = 1/2 or 1, below.') },
    inputs: [...INFONCE_INPUTS, tensor('captions', 'i32', 'B', 'Equal where captions are.')],
    outputs: INFONCE_OUTPUTS,
    details: [
      'As loss.infonce, with targets Q for the diagonal: Q[i, j] = 1 / (number of k with captions[k] = captions[i]) where captions[i] = captions[j], else 0.',
      'L = w (mean_i -sum_j Q[i, j] log softmax(S[i, :])[j] + mean_j -sum_i Q[i, j] log softmax(S[:, j])[i]); G = (w / B) (softmax of rows + softmax of columns - 2 Q).',
    ],
  },
  {
    function: 'optim.adamw',
    text: 'One AdamW update of one parameter.',
    clauses: ['optim.adamw', 'optim.adamw.decay'],
    attributes: {
      beta1: number('b1'),
      beta2: number('b2'),
      eps: number('Outside the root.'),
      decay: number('wd; 0 for parameters without decay.'),
      lr_scale: number('The factor of the learning rate: r = lr_scale lr.'),
    },
    inputs: [
      ...['p', 'm', 'v', 'g'].map((name) => tensor(name, 'float', '...', '')),
      tensor('lr', 'float', '', 'The learning rate.'),
      tensor('c1', 'float', '', '1 - b1^t'),
      tensor('c2', 'float', '', '1 - b2^t'),
    ],
    outputs: [
      tensor('p', 'float', '...', "p (1 - r wd) - r (m' / c1) / (sqrt(v' / c2) + eps)"),
      tensor('m', 'float', '...', "m' = b1 m + (1 - b1) g"),
      tensor('v', 'float', '...', "v' = b2 v + (1 - b2) g^2"),
    ],
    details: [
      "The order of PyTorch: decay first. sqrt(v') / sqrt(c2) is as good as sqrt(v' / c2).",
    ],
  },
  {
    function: 'optim.rate',
    text: 'The learning rates of steps.',
    clauses: ['optim.rate'],
    attributes: {
      peak: number('The highest rate.'),
      minimum: number('The lowest after the warm-up.'),
      warmup_steps: integer('W'),
      total_steps: integer('T, W included.'),
      warmup: choice(WARMUPS, 'How it rises.'),
      decay: choice(DECAYS, 'How it falls.'),
      first: number('Of decay steps: the share of the run after which it falls; in (0, 1).'),
      second: number('The share after which it falls again; above the first.'),
      factor: number('By what it is multiplied then.'),
    },
    inputs: [tensor('steps', 'i32', 'n', 'Steps s, counted from 0, below T.')],
    outputs: [tensor('bits', 'i32', 'n', 'The rates in float32, as bits of i32.')],
    details: [
      'In float64, each operation rounded; the result is rounded to float32 once.',
      'While s < W: mae: (peak s) / W. videomae: 0 of s = 0, peak of s = W - 1, else s (peak / (W - 1)).',
      'Then, cosine: minimum + (0.5 (peak - minimum)) (1 + cos((pi (s - W)) / (T - W))). steps: the larger of minimum and of peak, times factor for each of the two shares with s >= floor(share T + 0.5).',
    ],
  },
  {
    function: 'optim.correction',
    text: "The corrections of AdamW's moments.",
    clauses: ['optim.correction'],
    attributes: { beta: number('b1 or b2.') },
    inputs: [tensor('updates', 'i32', 'n', 'Numbers t of updates, counted from 1.')],
    outputs: [tensor('bits', 'i32', 'n', '1 - beta^t in float32, as bits of i32.')],
    details: [
      'In float64: beta^t is made by squaring, from the lowest bit of t: r = 1, q = beta; for each bit r = r q where it is set, then q = q q. 1 - r is rounded to float32.',
    ],
  },
  ...MODEL_SIGNATURES,
];

/** The signature of a function. */
export function signatureOf(name: FunctionName): FunctionSignature {
  return FUNCTION_SIGNATURES.find((each) => each.function === name) as FunctionSignature;
}

/** Whether a tensor of this name is a result of the function. */
export function isResultOf(name: FunctionName, result: string): boolean {
  return signatureOf(name).outputs.some((output) =>
    output.name.endsWith('*')
      ? result.startsWith(output.name.slice(0, -1))
      : output.name === result,
  );
}
