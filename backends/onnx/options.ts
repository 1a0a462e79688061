import type { BackendOptions } from '../../core/backend.js';
import type { LoweringOptions } from './lowering/lowering.js';

/** ONNX Runtime's execution providers that Lacuna knows. */
export type Provider = 'cpu' | 'cuda' | 'webgpu';
export const PROVIDERS: readonly Provider[] = ['cpu', 'cuda', 'webgpu'];

export interface OnnxOptions extends BackendOptions, LoweringOptions {
  /** How much ONNX Runtime rewrites the graph. @defaultValue 'all' */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all';
}
