import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { built } from '../core/testing/built.js';
import { capable } from '../core/testing/capability.js';
import { refusalOf } from '../core/testing/refusal.js';
import { Lock } from './lock.js';

const folders: string[] = [];
let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-lock-'));
  folders.push(folder);
  path = join(folder, 'lock');
});
afterAll(async () => {
  for (const each of folders) await rm(each, { recursive: true });
});

const purpose = { where: 'here', doing: 'writing this' };
const take = (): Promise<Lock> => Lock.take(path, purpose);

/** A process that takes the lock and keeps it until its input ends. */
const HOLDER = `
import { Lock } from ${JSON.stringify(built('formats/lock.ts'))};
const lock = await Lock.take(process.argv.at(-1), { where: 'here', doing: 'writing this' }).catch((error) => error);
console.log(lock instanceof Lock ? 'taken' : lock.message);
if (lock instanceof Lock) { process.stdin.resume(); process.stdin.on('end', async () => { await lock.release(); process.exit(); }); }
`;
const NODE = [process.execPath, '--input-type=module', '-e', HOLDER, '--'];
const CONTAINER = ['unshare', '--pid', '--fork', '--mount-proc'];

async function inProcess(
  prefix: readonly string[] = [],
): Promise<{ said: string; end: () => Promise<void> }> {
  const [command = '', ...args] = [...prefix, ...NODE, path];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const over = new Promise<void>((done) => child.on('close', () => done()));
  const said = await new Promise<string>((done) =>
    child.stdout.once('data', (text) => done(String(text).trim())),
  );
  const end = async (): Promise<void> => {
    child.stdin.end();
    await over;
  };
  return { said, end };
}

describe('a lock', () => {
  it('is there with its content, says whose it is, and is gone after', async () => {
    const lock = await take();
    const holder = JSON.parse(await readFile(path, 'utf8'));
    expect(holder).toMatchObject({ pid: process.pid, host: hostname() });
    expect(await refusalOf(take())).toBe(
      `here: another process is writing this (process ${process.pid} on ${hostname()} since ${holder.since}). Wait until it ends, or stop it: ${path} is its lock.`,
    );
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken by one of many at the same time, and taken over by one of them', async () => {
    for (const _ of [1, 2, 3]) {
      const taken = await Promise.allSettled(Array.from({ length: 20 }, take));
      expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      // As a process that is gone leaves it.
      await writeFile(path, (await readFile(path, 'utf8')).replace(/"start":"\d+"/, '"start":"1"'));
    }
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it('that was taken away is noticed, and what took its place is left alone', async () => {
    const lock = await take();
    await rm(path);
    expect(await refusalOf(lock.requireHeld(purpose))).toContain('was removed or taken');
    const other = await take();
    await lock.release();
    await other.requireHeld(purpose);
    await other.release();
  });

  it.each([
    ['another machine', { host: 'elsewhere', boot: 'b', space: 'c' }],
    ['another container', { space: 'pid:[1]' }],
  ])('of %s is respected, and its file named', async (where, change) => {
    const lock = await take();
    const holder = { ...JSON.parse(await readFile(path, 'utf8')), ...change };
    await writeFile(path, JSON.stringify(holder));
    const refused = await refusalOf(take());
    expect(refused).toContain(`in ${where}`);
    expect(refused).toContain(`delete ${path}`);
    await lock.release();
  });

  it.each([
    ['no JSON', 'x'],
    ['no holder', '{"pid": -1}'],
    ['endless', '9'.repeat(1e6)],
  ])('with %s in it is respected, and its file named', async (_, content) => {
    await writeFile(path, content);
    expect(await refusalOf(take())).toContain(`delete ${path}`);
  });

  it('that is a link is not followed', async () => {
    await symlink(join(folder, 'elsewhere'), path);
    expect(await refusalOf(take())).toContain('got a link');
  });

  const isolated = spawnSync(CONTAINER[0] ?? '', [...CONTAINER.slice(1), 'true']).status === 0;
  const why = isolated ? undefined : 'no right to make a space of process numbers (unshare --pid)';
  it.runIf(capable('containers', why))(
    'keeps the first process of one container from that of another',
    async () => {
      const first = await inProcess(CONTAINER);
      expect(first.said).toBe('taken');
      const second = await inProcess(CONTAINER);
      expect(second.said).toContain('process 1 on');
      expect(second.said).toContain('in another container');
      await second.end();
      await first.end();
      const third = await inProcess(CONTAINER);
      expect(third.said).toBe('taken');
      await third.end();
    },
    60_000,
  );
});
