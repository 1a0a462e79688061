import { type Command, Option } from 'commander';
import { PRECISIONS, type Precision } from '../../core/index.js';
import { DEFAULT_BACKEND, type RunSettings } from '../../run/index.js';
import { wholeNumber } from '../whole-number.js';

/** Flags of every command that computes. */
export interface BackendFlags {
  readonly backend?: string;
  readonly device?: string;
  readonly threads?: number;
  readonly precision?: Precision;
  /** Of `lacuna pretrain`: see `withLaunchOptions`. */
  readonly devices?: number;
  readonly shardState?: boolean;
}

/** Adds them to a command. */
export function withBackendOptions(command: Command): Command {
  return command
    .option('--backend <name>', `see \`lacuna backends\` (default: ${DEFAULT_BACKEND})`)
    .option('--device <name>', "the backend's device, for example cpu or cuda")
    .option('--threads <n>', 'threads of a CPU device', wholeNumber(1, 1024))
    .addOption(
      new Option(
        '--precision <name>',
        'what products read, adding up in f32: f16 (mixed; webgpu), tf32 or bf16 (xla)',
      ).choices(PRECISIONS),
    );
}

/** What they ask for, as the settings of a run say it. */
export function backendConfig(flags: BackendFlags): RunSettings['backend'] {
  const {
    backend: name = DEFAULT_BACKEND,
    device,
    threads,
    precision,
    devices,
    shardState,
  } = flags;
  return {
    name,
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
    ...(precision === undefined ? {} : { precision }),
    ...(devices === undefined ? {} : { devices }),
    ...(shardState === undefined ? {} : { shardState }),
  };
}

/**
 * What a run goes on with: what it had, but for what flags ask for. Another backend, or another device, has nothing of
 * what was said of the one before.
 */
export function resumedBackend(
  { name, precision, ...had }: RunSettings['backend'],
  flags: BackendFlags,
): RunSettings['backend'] {
  const { backend = name, device = backend === name ? had.device : undefined } = flags;
  const isSame = backend === name;
  return {
    ...(isSame && device === had.device ? had : {}),
    ...(isSame && precision !== undefined ? { precision } : {}),
    ...backendConfig({ ...flags, backend }),
    ...(device === undefined ? {} : { device }),
  };
}
