import { describe, expect, it } from 'vitest';
import { launchOf, ownGpu } from './launcher.js';

describe('a process of several', () => {
  it('is alone where nobody says otherwise, and where a launcher started one', () => {
    expect(launchOf({}, {})).toBeUndefined();
    expect(launchOf({}, { RANK: '0', WORLD_SIZE: '1', MASTER_ADDR: 'a' })).toBeUndefined();
    expect(launchOf({ processes: 1, process: 0 }, {})).toBeUndefined();
    expect(launchOf({ processes: 1 }, {})).toBeUndefined();
    // A batch script of Slurm, outside of srun, is one process, whatever the job has.
    const script = { SLURM_JOB_ID: '7', SLURM_NTASKS: '4', SLURM_PROCID: '0' };
    expect(launchOf({}, script)).toBeUndefined();
  });

  it('is told by flags, which fill in and override what a launcher says', () => {
    const flags = { coordinator: 'a:7700', processes: 2, process: 1 };
    expect(launchOf(flags, {})).toMatchObject(flags);
    const env = { RANK: '3', WORLD_SIZE: '4', MASTER_ADDR: 'b', MASTER_PORT: '29500' };
    expect(launchOf(flags, env)).toMatchObject(flags);
    expect(launchOf({ coordinator: 'a:7700' }, env)).toMatchObject({
      by: 'torchrun',
      coordinator: 'a:7700',
      processes: 4,
      process: 3,
    });
  });

  it('has one GPU of several, all where it is alone on its host, and the one that it sees', () => {
    const local = { process: 1, processes: 4 };
    expect(ownGpu({ local }, {})).toBe(1);
    expect(ownGpu({ local }, { CUDA_VISIBLE_DEVICES: '4,5,6,7' })).toBe(1);
    expect(ownGpu({ local }, { CUDA_VISIBLE_DEVICES: '2' })).toBeUndefined();
    expect(ownGpu({ local: { process: 0, processes: 1 } }, {})).toBeUndefined();
    expect(ownGpu({}, {})).toBeUndefined();
  });

  it('is named what is missing', () => {
    expect(() => launchOf({ processes: 2 }, {})).toThrow(
      'it is not known which of several processes this one is; expected --coordinator HOST:PORT, --process I.',
    );
    expect(() => launchOf({ coordinator: 'a:1', processes: 2, process: 2 }, {})).toThrow(
      '--process: there is no such process; got 2 of 2, expected 0 to 1.',
    );
    expect(() => launchOf({}, { RANK: 'x', WORLD_SIZE: '2', MASTER_ADDR: 'a' })).toThrow(
      'the launcher says no whole number; got x',
    );
  });

  it('is found by torchrun, whose agent keeps its port for itself', () => {
    const env = {
      ...{ RANK: '5', WORLD_SIZE: '8', LOCAL_RANK: '1', LOCAL_WORLD_SIZE: '4' },
      ...{ MASTER_ADDR: 'node-0', MASTER_PORT: '29500' },
    };
    const expected = { processes: 8, process: 5, local: { process: 1, processes: 4 } };
    expect(launchOf({}, env)).toEqual({
      by: 'torchrun',
      coordinator: 'node-0:29500',
      ...expected,
    });
    expect(launchOf({}, { ...env, TORCHELASTIC_USE_AGENT_STORE: 'True' })).toMatchObject({
      coordinator: 'node-0:29501',
    });
  });

  it('is found by srun, whose hosts are a list', () => {
    const env = {
      ...{ SLURM_JOB_ID: '123456', SLURM_STEP_ID: '0', SLURM_PROCID: '2', SLURM_LOCALID: '0' },
      ...{ SLURM_STEP_NUM_TASKS: '3', SLURM_STEP_TASKS_PER_NODE: '1(x3)' },
    };
    const at = (SLURM_STEP_NODELIST: string): string | undefined =>
      launchOf({}, { ...env, SLURM_STEP_NODELIST })?.coordinator;
    expect(at('gpu[07-09,12],login')).toBe('gpu07:23456');
    expect(at('gpu-a,gpu-b')).toBe('gpu-a:23456');
    expect(at('rack[1,3]-node')).toBe('rack1-node:23456');
    expect(at('single')).toBe('single:23456');
    expect(launchOf({}, { ...env, SLURM_STEP_NODELIST: 'a[1-3]' })).toMatchObject({
      by: 'Slurm',
      processes: 3,
      process: 2,
      local: { process: 0, processes: 1 },
    });
    // A second step of the job has a port of its own.
    const second = { ...env, SLURM_STEP_ID: '1', SLURM_STEP_NODELIST: 'a' };
    expect(launchOf({}, second)?.coordinator).toBe('a:23557');
  });

  it('is found by mpirun, on one host and by the contact of Open MPI 4', () => {
    const env = {
      ...{ OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '2' },
      ...{ OMPI_COMM_WORLD_LOCAL_RANK: '1', OMPI_COMM_WORLD_LOCAL_SIZE: '2' },
    };
    expect(launchOf({}, env)).toMatchObject({
      by: 'Open MPI',
      coordinator: '127.0.0.1:20000',
      processes: 2,
      process: 1,
    });
    const apart = { ...env, OMPI_COMM_WORLD_LOCAL_RANK: '0', OMPI_COMM_WORLD_LOCAL_SIZE: '1' };
    const contact = '1531576320.0;tcp://10.96.0.1,10.148.0.1:34911';
    expect(launchOf({}, { ...apart, OMPI_MCA_orte_hnp_uri: contact })?.coordinator).toBe(
      '10.96.0.1:36320',
    );
    expect(() => launchOf({}, apart)).toThrow(/^Open MPI: .*expected --coordinator HOST:PORT/);
  });

  it('is found by an indexed job of Kubernetes, which tells its number alone', () => {
    const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', JOB_COMPLETION_INDEX: '1' };
    expect(launchOf({}, env)).toBeUndefined();
    const flags = { coordinator: 'job-0.svc:7700', processes: 2 };
    expect(launchOf(flags, env)).toEqual({ by: 'Kubernetes', ...flags, process: 1 });
  });

  it('is found on a TPU pod and by SkyPilot', () => {
    const pod = { TPU_WORKER_ID: '1', TPU_WORKER_HOSTNAMES: 't-0.svc,t-1.svc' };
    expect(launchOf({}, pod)).toEqual({
      by: 'a TPU pod',
      coordinator: 't-0.svc:7700',
      processes: 2,
      process: 1,
    });
    const sky = {
      ...{ SKYPILOT_NODE_RANK: '0', SKYPILOT_NUM_NODES: '2' },
      SKYPILOT_NODE_IPS: '10.0.0.1\n10.0.0.2',
    };
    expect(launchOf({}, sky)).toEqual({
      by: 'SkyPilot',
      coordinator: '10.0.0.1:7700',
      processes: 2,
      process: 0,
    });
  });
});
