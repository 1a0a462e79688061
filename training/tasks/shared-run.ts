import { resolve } from 'node:path';
import { z } from 'zod';
import type { Backend } from '../../core/backend.js';
import type { ProcessGroup, Told } from '../../core/group.js';
import type { Plan } from '../../core/plan/index.js';
import { sha256 } from '../../core/sha256.js';
import { describeBackend, programDigests } from '../../run/describe-run.js';
import type { BackendRecord } from '../../run/manifest.js';
import { RunFolder } from '../../run/run-folder.js';
import { LacunaError } from '../../spec/index.js';
import { lookFor } from '../shared-disk.js';

/** The run that process 0 has opened, as the others hear of it. */
const OPENED_SCHEMA = z.strictObject({
  path: z.string(),
  resumes: z.boolean(),
  /** Of its manifest, as it is read. */
  digest: z.string(),
});
type OpenedRun = z.infer<typeof OPENED_SCHEMA>;
const OPENED: Told<OpenedRun> = { name: 'run', parse: (value) => OPENED_SCHEMA.parse(value) };

/** Of process 0: tells the others of the run that it has opened, which has all that they read by now. */
export async function lead(
  group: ProcessGroup,
  { path }: RunFolder,
  resumes: boolean,
): Promise<void> {
  if (group.size === 1) return;
  const digest = digestOf(await RunFolder.look(path, 'pretrain'));
  await group.gather(OPENED, { path: resolve(path), resumes, digest });
}

/**
 * Of another process: waits for process 0 to open a run, and looks on.
 *
 * @throws LacunaError where it does not see that run.
 */
export async function ledTo(
  group: ProcessGroup,
): Promise<{ readonly folder: RunFolder; readonly resumes: boolean }> {
  const nothing: OpenedRun = { path: '', resumes: false, digest: '' };
  const [{ path, resumes, digest } = nothing] = await group.gather(OPENED, nothing);
  const folder = await lookFor(
    () => RunFolder.look(path, 'pretrain'),
    (found) => digestOf(found) === digest,
  );
  if (digestOf(folder) === digest) return { folder, resumes };
  throw new LacunaError({
    where: path,
    what: 'this process sees another run there than process 0 does',
    fix: 'Let all processes see one folder, on a disk that they share (--output).',
  });
}

function digestOf({ manifest }: RunFolder): string {
  return sha256(JSON.stringify(manifest));
}

/** What a process computes, and with what. */
const COMPUTES: Told<string> = { name: 'programs', parse: (value) => z.string().parse(value) };

/** @throws LacunaError where the processes of a group would not compute the same. */
export async function requireAlike(
  group: ProcessGroup,
  { info: { name, version, contract, shardedState } }: Backend,
  plans: readonly Plan[],
): Promise<void> {
  const programs = sha256(JSON.stringify(plans.map(programDigests))).slice(0, 12);
  const sharded = shardedState === true ? 'state sharded, ' : '';
  const own = `${name} ${version}, ${contract}, ${sharded}programs ${programs}`;
  const all = await group.gather(COMPUTES, own);
  const other = all.findIndex((each) => each !== all[0]);
  if (other === -1) return;
  throw new LacunaError({
    what: 'the processes would not compute the same',
    got: `${all[other]} in process ${other}`,
    expected: `${all[0]}, as in process 0`,
    fix: 'Start all processes with one version of Lacuna, one environment of Python, and the same flags.',
  });
}

/**
 * Writes down that a run goes on with another backend, device or contract, or on other numbers of devices and processes.
 *
 * @param step Steps that were done before.
 */
export async function noteBackend(
  folder: RunFolder,
  backend: Backend,
  step: number,
  onNote: (text: string) => void,
): Promise<void> {
  const { manifest } = folder;
  const now = describeBackend(backend);
  const last = manifest.continued?.at(-1)?.backend ?? manifest.backend;
  if (inWords(now) === inWords(last)) return;
  onNote(
    `The run goes on with ${inWords(now)}; until step ${step} it was ${inWords(last)}. Samples come in the same order; the last bits of what is computed differ.`,
  );
  const continued = [...(manifest.continued ?? []), { step, backend: now }];
  await folder.replaceManifest({ ...manifest, continued });
}

function inWords(backend: BackendRecord): string {
  const { name, device, contract, devices = 1, processes = 1, shardedState = false } = backend;
  const shared = devices === 1 ? '' : ` on ${devices} devices`;
  const hosts = processes === 1 ? '' : ` of ${processes} processes`;
  return `${name} (${device}, ${contract})${shared}${hosts}${shardedState ? ', state sharded' : ''}`;
}
