import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../core/backend.js';
import { capable } from '../../core/testing/capability.js';
import type { PortSession } from '../../protocol/index.js';
import { add, broadcast, ProgramBuilder } from '../../spec/program/index.js';
import { XLA } from './index.js';
import { startXla } from './process.js';

const probe = await XLA.probe();
const here = capable('xla', probe.available ? undefined : probe.reason);
const SCALAR = { dtype: 'f32', shape: [], data: Float32Array.of(1) } as const;

describe.skipIf(!here)('a program on XLA', () => {
  let backend: Backend;
  let session: PortSession;
  beforeAll(async () => {
    backend = await XLA.open({ threads: 1 });
    ({ session } = await startXla({ device: 'cpu', precision: 'f32' }));
  });
  afterAll(async () => {
    await backend.dispose();
    await session.close();
  });

  it('that needs more memory than there is fails with its sentence, and the next one runs', async () => {
    const builder = new ProgramBuilder('huge');
    const x = builder.input('x', 'f32', [], 'data');
    // 4 TiB each, and together more than a process has addresses for, whatever its system promises.
    for (let i = 0, each = x; i < 40; i++) {
      each = add(each, x);
      builder.output(`y${i}`, broadcast(each, [1 << 20, 1 << 20]));
    }
    const huge = builder.finish();
    const upload = await backend.upload(SCALAR);
    const run = async (): Promise<unknown> => {
      const executable = await backend.compile(huge);
      const { y0 } = await executable.run({ x: upload });
      return y0 === undefined ? y0 : backend.download(y0);
    };
    await expect(run()).rejects.toThrow(/^(huge|xla): XLA failed; got RESOURCE_EXHAUSTED: /);
    expect((await backend.download(upload)).data).toEqual(SCALAR.data);
  });

  it('keeps a tensor until it is told to free it', async () => {
    await session.ask({ type: 'upload' }, { 5: SCALAR, 6: SCALAR });
    await session.ask({ type: 'free', handles: [5] });
    const gone = await session.ask({ type: 'download', handles: [5] });
    expect(gone.reply).toMatchObject({ type: 'error', message: expect.stringContaining('5') });
    const kept = await session.ask({ type: 'download', handles: [6] });
    expect(kept.tensors).toEqual({ 6: SCALAR });
  });

  it('forgets what is donated, also in a run that fails', async () => {
    await session.ask({ type: 'upload' }, { 7: SCALAR });
    const question = {
      type: 'execute',
      program: 99,
      inputs: [7],
      donated: [7],
      outputs: [8],
    } as const;
    expect((await session.ask(question)).reply.type).toBe('error');
    expect((await session.ask({ type: 'download', handles: [7] })).reply.type).toBe('error');
  });
});
