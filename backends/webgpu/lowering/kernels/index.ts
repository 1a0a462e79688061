import type { Cluster } from '../cluster.js';
import type { Kernel } from '../kernel.js';
import { attentionKernels } from './attention.js';
import type { KernelContext } from './context.js';
import { mapKernel } from './map.js';
import { productKernels } from './product.js';
import { reduceKernels } from './reduce.js';
import { rowsKernel } from './rows.js';
import { scatterKernels } from './scatter.js';

/** The kernel or kernels of a cluster, in order. */
export function clusterKernels(cluster: Cluster, context: KernelContext): readonly Kernel[] {
  switch (cluster.kind) {
    case 'map':
      return [mapKernel(cluster, context)];
    case 'rows':
      return [rowsKernel(cluster, context)];
    case 'reduce':
      return reduceKernels(cluster, context);
    case 'product':
      return productKernels(cluster, context);
    case 'scatter':
      return scatterKernels(cluster, context);
    case 'attention':
      return attentionKernels(cluster, context);
    default:
      return cluster satisfies never;
  }
}
