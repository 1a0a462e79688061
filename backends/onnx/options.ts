import type { BackendOptions } from '../../core/backend.js';
import type { LoweringOptions } from './lowering/lowering.js';

/** ONNX Runtime's execution providers that Lacuna knows. */
export const PROVIDERS = ['cpu', 'cuda', 'webgpu'] as const;
export type Provider = (typeof PROVIDERS)[number];

export interface OnnxOptions extends BackendOptions, LoweringOptions {
  /** How much ONNX Runtime rewrites the graph. @defaultValue 'all' */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all';
  /** Whether threads that wait for work keep their cores busy, so as to begin sooner. @defaultValue true */
  readonly spinning?: boolean;
  /** ONNX Runtime times each node, and writes its trace beside this path when an executable is disposed of. */
  readonly trace?: string;
}
