import { type Attributes, COMPOSITES, type Composite } from '../../spec/program/index.js';
import { f32, i32, type Operand, type Repeated, repeated } from './repeated.js';
import type { Sizes } from './sizes.js';

interface Call {
  readonly operands: readonly Operand[];
  readonly attributes?: Attributes;
  readonly donate?: Readonly<Record<string, string>>;
}

/**
 * Every composite, forward and gradient, at the sizes of a model; elementwise ones above the 65,536 to
 * 262,144 elements (1 to 4 threads) from which ONNX Runtime's CPU is given chunks.
 *
 * @throws Error where the spec has a composite that the table lacks.
 */
export function repeatedComposites(sizes: Sizes): readonly Repeated[] {
  const { tokens, width, hidden, heads, headWidth, vocabulary, words } = sizes;
  const wide = f32(tokens, hidden);
  const rows = f32(tokens, width);
  const row = f32(width);
  const column = f32(tokens, 1);
  const head = f32(2, heads, tokens / 4, headWidth);
  const weights = f32(hidden, width);
  const scores = f32(4, tokens, tokens);
  const logits = f32(words / 4, vocabulary / 16);
  const labels = i32(vocabulary / 16, words / 4);
  const number = f32();
  const table: Readonly<Record<string, Call>> = {
    adamw: {
      operands: [weights, weights, weights, weights, number, number, number],
      attributes: { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.05, lr_scale: 1 },
      donate: { x0: 'y0', x1: 'y1', x2: 'y2' },
    },
    attention: { operands: [head, head, head], attributes: { scale: 0.125 } },
    attention_grad: { operands: [head, head, head, head, head], attributes: { scale: 0.125 } },
    cross_entropy: { operands: [logits, labels] },
    cross_entropy_grad: { operands: [logits, labels, f32(words / 4)] },
    gelu: { operands: [wide] },
    gelu_grad: { operands: [wide, wide] },
    layer_norm: { operands: [rows, row, row], attributes: { eps: 1e-6 } },
    layer_norm_grad: { operands: [rows, row, column, column, rows] },
    softmax: { operands: [scores] },
    softmax_grad: { operands: [scores, scores] },
  };
  return [...COMPOSITES].map(([name, composite]) => {
    const call = table[name];
    if (call === undefined) throw new Error(`scripts/repeat/composites.ts has no ${name}`);
    return calling(composite, call);
  });
}

function calling(composite: Composite, { operands, attributes = {}, donate }: Call): Repeated {
  return repeated(
    composite.name,
    operands,
    (values, builder) => builder.call(composite, values, attributes),
    donate,
  );
}
