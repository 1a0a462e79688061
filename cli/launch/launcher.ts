import { LacunaError } from '../../spec/index.js';

/** One process of several, as whoever started them says. */
export interface Launch {
  /** Who says so, for messages: `--process`, `torchrun`, `Slurm`, ... */
  readonly by: string;
  /** HOST:PORT where process 0 listens. */
  readonly coordinator: string;
  readonly processes: number;
  readonly process: number;
  /** Its place among the processes of its host, and how many those are, where it is known. */
  readonly local?: { readonly process: number; readonly processes: number };
}

/** Flags that say the same, each overriding what a launcher says. */
export interface LaunchFlags {
  readonly coordinator?: string;
  readonly processes?: number;
  readonly process?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Found = Partial<Omit<Launch, 'by'>>;

/** The port where nobody says one. */
const PORT = 7700;
/** Of launchers that number their jobs: jobs that share a host have ports of their own. */
const FIRST_PORT = 20_000;
const PORTS = 20_000;

/** Launchers, in the order in which they are asked; the first that started this process is believed. */
const LAUNCHERS: readonly {
  readonly name: string;
  readonly find: (env: Environment) => Found | undefined;
}[] = [
  { name: 'torchrun', find: torchrun },
  { name: 'Slurm', find: slurm },
  { name: 'Open MPI', find: openMpi },
  { name: 'Kubernetes', find: kubernetes },
  { name: 'a TPU pod', find: tpuPod },
  { name: 'SkyPilot', find: skyPilot },
];

/**
 * Which process of how many this is: by flags, or by what the launcher that started it has put into its environment.
 * Flags say what a launcher leaves out, and override what it says. A launcher of one process counts as none.
 *
 * @returns undefined where this process is alone.
 * @throws LacunaError naming what is missing, or cannot be.
 */
export function launchOf(flags: LaunchFlags, env: Environment = process.env): Launch | undefined {
  const given = Object.keys(flags).length > 0;
  const { name = '--coordinator, --processes and --process', ...found } = detected(env);
  const { coordinator, processes, process: own, local } = { ...found, ...flags };
  if (!given && (processes === undefined || processes <= 1)) return undefined;
  if (processes === 1 && (own ?? 0) === 0) return undefined;
  if (
    processes === undefined ||
    own === undefined ||
    (coordinator === undefined && processes > 1)
  ) {
    const lacking = [
      ...(coordinator === undefined ? ['--coordinator HOST:PORT'] : []),
      ...(processes === undefined ? ['--processes N'] : []),
      ...(own === undefined ? ['--process I'] : []),
    ];
    throw new LacunaError({
      where: name,
      what: 'it is not known which of several processes this one is',
      expected: lacking.join(', '),
      fix: 'Say it by these flags.',
    });
  }
  if (own < 0 || own >= processes) {
    throw new LacunaError({
      where: '--process',
      what: 'there is no such process',
      got: `${own} of ${processes}`,
      expected: `0 to ${processes - 1}`,
    });
  }
  return {
    by: name,
    coordinator: coordinator ?? '',
    processes,
    process: own,
    ...(local === undefined ? {} : { local }),
  };
}

/**
 * The GPU of a process, by its number among those that it sees: several processes of a host have one each. One that sees
 * a single GPU (`srun --gpus-per-task=1`) has that, whatever its place.
 *
 * @returns undefined where it has all that it sees.
 */
export function ownGpu(
  { local }: Pick<Launch, 'local'>,
  env: Environment = process.env,
): number | undefined {
  if (local === undefined || local.processes === 1) return undefined;
  const seen = env.CUDA_VISIBLE_DEVICES?.split(',').filter((each) => each.trim() !== '');
  return seen?.length === 1 ? undefined : local.process;
}

function detected(env: Environment): Found & { readonly name?: string } {
  for (const { name, find } of LAUNCHERS) {
    const found = find(env);
    if (found !== undefined) return { name, ...found };
  }
  return {};
}

/** https://docs.pytorch.org/docs/stable/elastic/run.html, "Environment Variables". */
function torchrun(env: Environment): Found | undefined {
  const { MASTER_ADDR: host, MASTER_PORT: port, RANK, WORLD_SIZE, LOCAL_RANK } = env;
  if (RANK === undefined || WORLD_SIZE === undefined || host === undefined) return undefined;
  // An agent of torchrun has a store of its own on that port.
  const next = env.TORCHELASTIC_USE_AGENT_STORE === 'True' ? 1 : 0;
  return {
    ...counted(RANK, WORLD_SIZE),
    coordinator: `${host}:${port === undefined ? PORT : Number(port) + next}`,
    ...localOf(LOCAL_RANK, env.LOCAL_WORLD_SIZE),
  };
}

/** https://slurm.schedmd.com/srun.html, "OUTPUT ENVIRONMENT VARIABLES". In a batch script itself there is no step. */
function slurm(env: Environment): Found | undefined {
  const { SLURM_PROCID, SLURM_STEP_NUM_TASKS, SLURM_STEP_NODELIST, SLURM_LOCALID } = env;
  if (SLURM_PROCID === undefined || SLURM_STEP_NUM_TASKS === undefined) return undefined;
  const host = firstHost(SLURM_STEP_NODELIST ?? env.SLURM_JOB_NODELIST ?? '');
  const number = wholeOr(env.SLURM_JOB_ID, 0) + 101 * wholeOr(env.SLURM_STEP_ID, 0);
  return {
    ...counted(SLURM_PROCID, SLURM_STEP_NUM_TASKS),
    ...(host === '' ? {} : { coordinator: `${host}:${portOf(number)}` }),
    // `2(x3),1`: as many on the first hosts as on this one, or this one's are not known.
    ...localOf(SLURM_LOCALID, /^(\d+)(\(x\d+\))?$/.exec(env.SLURM_STEP_TASKS_PER_NODE ?? '')?.[1]),
  };
}

/** https://docs.open-mpi.org/en/v5.0.x/tuning-apps/environment-var.html, and the contact of mpirun up to version 4. */
function openMpi(env: Environment): Found | undefined {
  const { OMPI_COMM_WORLD_RANK: rank, OMPI_COMM_WORLD_SIZE: size } = env;
  if (rank === undefined || size === undefined) return undefined;
  const { OMPI_COMM_WORLD_LOCAL_RANK, OMPI_COMM_WORLD_LOCAL_SIZE: localSize } = env;
  const contact = /^(\d+)\.\d+;tcp:\/\/([^,:]+)/.exec(env.OMPI_MCA_orte_hnp_uri ?? '');
  const number = Number(contact?.[1] ?? 0);
  const host = localSize === size ? '127.0.0.1' : contact?.[2];
  return {
    ...counted(rank, size),
    ...(host === undefined ? {} : { coordinator: `${host}:${portOf(number)}` }),
    ...localOf(OMPI_COMM_WORLD_LOCAL_RANK, localSize),
  };
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode: the number alone is told. */
function kubernetes(env: Environment): Found | undefined {
  const { JOB_COMPLETION_INDEX: own } = env;
  if (env.KUBERNETES_SERVICE_HOST === undefined || own === undefined) return undefined;
  return { process: whole('JOB_COMPLETION_INDEX', own) };
}

/** What GKE tells each host of a slice of TPUs. */
function tpuPod(env: Environment): Found | undefined {
  const { TPU_WORKER_ID: own, TPU_WORKER_HOSTNAMES: hosts } = env;
  if (own === undefined || hosts === undefined || hosts === '') return undefined;
  const [first = '', ...rest] = hosts.split(',');
  return {
    process: whole('TPU_WORKER_ID', own),
    processes: rest.length + 1,
    coordinator: `${first.trim()}:${PORT}`,
  };
}

/** https://docs.skypilot.co/en/latest/running-jobs/environment-variables.html */
function skyPilot(env: Environment): Found | undefined {
  const { SKYPILOT_NODE_RANK: own, SKYPILOT_NUM_NODES: count, SKYPILOT_NODE_IPS: hosts } = env;
  if (own === undefined || count === undefined || hosts === undefined) return undefined;
  const [first = ''] = hosts.split('\n');
  return { ...counted(own, count), coordinator: `${first.trim()}:${PORT}` };
}

function counted(own: string, all: string): Pick<Launch, 'process' | 'processes'> {
  return { process: whole('its number', own), processes: whole('their number', all) };
}

function localOf(own: string | undefined, all: string | undefined): Pick<Found, 'local'> {
  if (own === undefined || all === undefined) return {};
  const local = { process: whole('its number on its host', own), processes: whole('a host', all) };
  return { local };
}

/** `gpu[07-09,12],login`: the first host is gpu07. */
function firstHost(list: string): string {
  const found = /^([^[,]+)(?:\[([^\],-]+)[^\]]*\]([^,]*))?/.exec(list);
  const [, before = '', number = '', after = ''] = found ?? [];
  return `${before}${number}${after}`;
}

function portOf(number: number): number {
  return FIRST_PORT + (number % PORTS);
}

function whole(what: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new LacunaError({
    where: what,
    what: 'the launcher says no whole number',
    got: text,
    fix: 'Say it by flags: --coordinator, --processes, --process.',
  });
}

function wholeOr(text: string | undefined, other: number): number {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : other;
}
