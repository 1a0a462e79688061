import { z } from 'zod';
import { PRECISIONS, type Precision } from '../../core/backend.js';
import type { Overrides } from './section.js';

/** What computes a run, and where. */
export interface BackendConfig {
  readonly name: string;
  readonly device?: string;
  readonly threads?: number;
  /** @defaultValue `f32` */
  readonly precision?: Precision;
  /** Devices of each process that share a batch. @defaultValue all; of a CPU 1 */
  readonly devices?: number;
  /** Whether weights and moments lie in parts, one on each device. @defaultValue false: whole on each */
  readonly shardState?: boolean;
}

// Which names there are is known where a backend is opened.
export const BACKEND_SCHEMA: z.ZodType<Overrides<BackendConfig>> = z.strictObject({
  name: z.string().min(1).max(64).exactOptional(),
  device: z.string().min(1).max(64).exactOptional(),
  threads: z.int().min(1).max(1024).exactOptional(),
  precision: z.enum(PRECISIONS).exactOptional(),
  devices: z.int().min(1).max(1024).exactOptional(),
  shardState: z.boolean().exactOptional(),
});

/** What computes where nothing is asked for. */
export const DEFAULT_BACKEND = 'onnx';

export function resolveBackend(own: Overrides<BackendConfig> | undefined): BackendConfig {
  return { name: DEFAULT_BACKEND, ...own };
}
