import type { Binding, Kernel } from './kernel.js';
import type { Lowered } from './lower.js';

/** What bytes of a step are moved for. */
export type Purpose =
  /** Operands of matrix products, and what each is first stored as. */
  | 'products'
  /** What is made of a product's elements beside: GELU of its operand, residuals, gradients of GELU and softmax. */
  | 'after products'
  /** Parts of sums, of products and reductions, that another kernel joins. */
  | 'parts of sums'
  /** Operands and results of attention whose scores never lie in memory. */
  | 'attention'
  /** Gradients of such scores, and statistics of their rows. */
  | 'gradients of scores'
  /** Weights and moments, read and written in place. */
  | 'updates'
  /** Norms and softmax. */
  | 'rows'
  /** Gradients of norms and biases, but for those that products sum. */
  | 'reductions'
  /** All that kernels do which are elementwise throughout, or scatter. */
  | 'elementwise';

/** Says for a lowered program what a kernel binds a value for. */
export function purposesOf({
  inPlace,
  temporaries,
}: Pick<Lowered, 'inPlace' | 'temporaries'>): (kernel: Kernel, binding: Binding) => Purpose {
  const replaced = new Set(inPlace.values());
  return (kernel, { value, access }) => {
    const { kind, product, bindings } = kernel;
    if (access === 'write' && replaced.has(value)) return 'updates';
    switch (kind) {
      case 'attention':
        return temporaries.has(value) ? 'gradients of scores' : 'attention';
      case 'rows':
        return 'rows';
      case 'map':
      case 'scatter':
        return 'elementwise';
      default: {
        if (temporaries.has(value)) return 'parts of sums';
        if (kind === 'reduce') return 'reductions';
        if (access === 'read') {
          return product?.operands.includes(value) === true ? 'products' : 'after products';
        }
        const own = bindings.find(
          (each) =>
            each.access === 'write' && !temporaries.has(each.value) && !replaced.has(each.value),
        );
        return own?.value === value ? 'products' : 'after products';
      }
    }
  };
}
