import type { Backend } from '../core/backend.js';
import { programDigest } from '../core/index.js';
import type { Plan } from '../core/plan/index.js';
import { elementCount, gridOf, maskCounts } from '../spec/index.js';
import type { BackendRecord, DataDigest, ManifestBase, RunManifest } from './manifest.js';
import type { RunSettings } from './settings/config.js';
import { videoConfig } from './settings/settings.js';

/** The manifest of a pretraining run that is about to begin. */
export function describeRun(
  settings: RunSettings,
  data: DataDigest,
  vocabulary: number,
  plan: Plan,
  backend: Backend,
  version: string,
): RunManifest {
  return {
    ...describeTask(plan, backend, data, version),
    settings,
    vocabulary,
    tokens: maskCounts(settings.mask, gridOf(videoConfig(settings))),
  };
}

/** What the manifest of any task says. */
export function describeTask(
  plan: Plan,
  backend: Backend,
  data: DataDigest,
  version: string,
): Omit<ManifestBase, 'task'> {
  const parameters = plan.state.filter(({ role }) => role === 'parameter');
  return {
    format: 1,
    lacuna: version,
    created: new Date().toISOString(),
    workingFolder: process.cwd(),
    backend: describeBackend(backend),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    data,
    parameters: parameters.reduce((total, { shape }) => total + elementCount(shape), 0),
    programs: programDigests(plan),
  };
}

/** What the manifest says of a backend. */
export function describeBackend({ info }: Pick<Backend, 'info'>): BackendRecord {
  const { name, version, device, contract, deterministic, devices, processes, shardedState } = info;
  return {
    ...{ name, version, device, contract, deterministic },
    ...(devices === undefined ? {} : { devices }),
    ...(processes === undefined ? {} : { processes }),
    ...(shardedState === undefined ? {} : { shardedState }),
  };
}

/** The digest of each of a plan's programs. */
export function programDigests(plan: Plan): Record<string, string> {
  const entries = Object.entries(plan.programs);
  return Object.fromEntries(entries.map(([key, program]) => [key, programDigest(program)]));
}
