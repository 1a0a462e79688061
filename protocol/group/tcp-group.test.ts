import { connect, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { addressOf, type GroupOptions, TcpGroup } from './tcp-group.js';

const NUMBER = { name: 'number', parse: (value: unknown) => z.number().parse(value) };
const OTHER = { ...NUMBER, name: 'other' };

/** A port of this machine that is free. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function options(processes: number): Promise<(process: number) => GroupOptions> {
  const coordinator = `127.0.0.1:${await freePort()}`;
  return (process) => ({ coordinator, processes, process, joinSeconds: 5 });
}

/** A connection to whoever listens, or will; undefined where nobody does for a second. */
async function reached(host: string, port: number): Promise<Socket | undefined> {
  for (let tries = 0; tries < 50; tries++) {
    const socket = connect({ host, port });
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return socket.on('error', () => {}).resume();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return undefined;
}

async function groupOf(processes: number): Promise<TcpGroup[]> {
  const of = await options(processes);
  return Promise.all(Array.from({ length: processes }, (_, each) => TcpGroup.join(of(each))));
}

describe('a group of processes', () => {
  it('gathers what each gives, in their order, however late one is', async () => {
    const groups = await groupOf(3);
    expect(groups.map(({ index, size }) => [index, size])).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
    for (let round = 0; round < 20; round++) {
      const given = groups.map(async (group, each) => {
        if (each === round % 3) await new Promise((resolve) => setTimeout(resolve, 2));
        return group.gather(NUMBER, 10 * round + each);
      });
      const expected = [0, 1, 2].map((each) => 10 * round + each);
      expect(await Promise.all(given)).toEqual([expected, expected, expected]);
    }
    await Promise.all(groups.map((group) => group.close()));
    expect(groups.some(({ lost }) => lost.aborted)).toBe(false);
  });

  it('ends together, with the sentence of the one that failed', async () => {
    const groups = await groupOf(3);
    const waiting = groups.slice(0, 2).map((group) => group.gather(NUMBER, 1));
    groups[2]?.fail('its disk is full');
    for (const each of waiting) {
      await expect(each).rejects.toThrow(
        'the processes of this run end together; got process 2 of 3 ended: its disk is full.',
      );
    }
    expect(groups.map(({ lost }) => lost.aborted)).toEqual([true, true, true]);
    await expect(groups[0]?.gather(NUMBER, 1)).rejects.toThrow('its disk is full');
    await Promise.all(groups.map((group) => group.close()));
  });

  it('takes the silence of one that has said so for work, and no other', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const groups = await groupOf(2);
      const hear = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
      for (const group of groups) group.watch();
      const work = async (): Promise<void> => {
        await hear();
        // Beats of 15 seconds within which nothing of the others can be read.
        vi.advanceTimersByTime(15_000);
        await hear();
      };
      const done = work();
      await Promise.all(groups.map((group) => group.quiet(() => done)));
      await hear();
      expect(groups.map(({ lost }) => lost.aborted)).toEqual([false, false]);
      vi.advanceTimersByTime(15_000);
      expect(groups[1]?.lost.reason?.message).toContain(
        'process 0 of 2 is lost: it has said nothing for 10 seconds',
      );
    } finally {
      vi.useRealTimers();
    }
  });

  it('finds that its processes ask about different things', async () => {
    const [first, second] = (await groupOf(2)) as [TcpGroup, TcpGroup];
    const asked = [first.gather(NUMBER, 1), second.gather(OTHER, 1)];
    for (const each of asked) {
      await expect(each).rejects.toThrow('one asks about number, process 1 about other');
    }
  });

  it('drops whoever connects and does not join, and goes on', async () => {
    const of = await options(2);
    const first = TcpGroup.join(of(0));
    const [host, port] = addressOf(of(0).coordinator);
    // Words that are none, and more of them than to join takes.
    for (const words of ['GET / HTTP/1.0\r\n\r\n', ' '.repeat(4097)]) {
      const stranger = await reached(host, port);
      const ended = new Promise((resolve) => stranger?.once('close', resolve));
      stranger?.write(words);
      await ended;
    }
    const groups = await Promise.all([first, TcpGroup.join(of(1))]);
    await Promise.all(groups.map((group) => group.close()));
  });

  it('takes a bounded number of connections that do not join', async () => {
    const of = await options(2);
    const first = TcpGroup.join(of(0));
    const [host, port] = addressOf(of(0).coordinator);
    const strangers: Socket[] = [];
    let dropped = 0;
    for (let each = 0; each < 70; each++) {
      const stranger = await reached(host, port);
      stranger?.once('close', () => dropped++);
      if (stranger !== undefined) strangers.push(stranger);
    }
    expect(strangers).toHaveLength(70);
    await new Promise((resolve) => setTimeout(resolve, 200));
    // One of the group, and 64 others.
    expect(dropped).toBe(5);
    for (const each of strangers) each.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const groups = await Promise.all([first, TcpGroup.join(of(1))]);
    await Promise.all(groups.map((group) => group.close()));
  });

  it('listens on no other address where its own is for this machine alone', async () => {
    const of = await options(2);
    const first = TcpGroup.join(of(0));
    const [, port] = addressOf(of(0).coordinator);
    expect(await reached('127.0.0.1', port)).toBeDefined();
    expect(await reached('127.0.0.2', port)).toBeUndefined();
    const groups = await Promise.all([first, TcpGroup.join(of(1))]);
    await Promise.all(groups.map((group) => group.close()));
  });

  it('does not wait for a machine that does not answer', async () => {
    // It listens, takes nobody in, and its queue is full: as one behind a firewall, it says nothing.
    const program = `const { createServer } = require('node:net');
      const { parentPort } = require('node:worker_threads');
      const server = createServer();
      server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
        parentPort.postMessage(server.address().port);
        setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5000));
      });`;
    const worker = new Worker(program, { eval: true });
    const port = await new Promise<number>((resolve) => worker.once('message', resolve));
    const queue = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const coordinator = `127.0.0.1:${port}`;
    const begin = performance.now();
    const joined = TcpGroup.join({ coordinator, processes: 2, process: 1, joinSeconds: 0.3 });
    await expect(joined).rejects.toThrow('within 0.3 seconds; got it does not answer');
    expect(performance.now() - begin).toBeLessThan(2000);
    for (const each of queue) each.destroy();
    await worker.terminate();
  });

  it('is refused where two have one number, or not all come', async () => {
    const of = await options(3);
    const joins = [0, 1, 1].map((each) => TcpGroup.join(of(each)));
    for (const each of await Promise.allSettled(joins)) {
      expect(String(each.status === 'rejected' ? each.reason : '')).toContain(
        'two processes say that they are process 1 of 3',
      );
    }
    const alone = await options(2);
    await expect(TcpGroup.join({ ...alone(0), joinSeconds: 0.2 })).rejects.toThrow(
      /not all processes have come; got no process 1 of 2 within 0.2 seconds/,
    );
    await expect(TcpGroup.join({ ...alone(1), joinSeconds: 0.2 })).rejects.toThrow(
      /process 0 did not listen there within 0.2 seconds/,
    );
  });

  it('has an address, or is told what one is', () => {
    expect(addressOf('node-0:7700')).toEqual(['node-0', 7700]);
    expect(addressOf('[fd00::1]:7700')).toEqual(['fd00::1', 7700]);
    for (const bad of ['node-0', ':7', 'a:0', 'a:70000', 'a:b']) {
      expect(() => addressOf(bad)).toThrow('--coordinator: this is no address');
    }
  });
});
