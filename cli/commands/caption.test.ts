import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readClipList } from '../../data/index.js';
import { type Ended, lacuna, type Watching } from '../testing/lacuna.js';

const KEY = 'sk-very-secret';

let folder = '';
let base = '';
let asked: string[] = [];
/** Called before each reply. */
let onRequest: (count: number) => void = () => {};
const server = createServer((request, response) => {
  request.on('data', (body: Buffer) => {
    asked.push(body.toString());
    onRequest(asked.length);
    const { messages } = JSON.parse(body.toString()) as { readonly messages: readonly unknown[] };
    const choices = [{ message: { content: `To ${JSON.stringify(messages)}` } }];
    setTimeout(() => response.end(JSON.stringify({ choices })), 20);
  });
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-caption-'));
  const lines = Array.from(
    { length: 20 },
    (_, i) => `{"video": "${i}.mp4", "label": "act_${i % 10}"}`,
  );
  writeFileSync(join(folder, 'list.jsonl'), lines.join('\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const caption = (args: readonly string[], started?: Watching['started']): Promise<Ended> =>
  lacuna(['caption', ...args], { env: { LACUNA_API_KEY: KEY }, ...(started && { started }) });

describe('lacuna caption', () => {
  it('goes on after it was killed and after it was stopped, and leaks nothing', async () => {
    const output = join(folder, 'captions.jsonl');
    const options = [
      '--source',
      'endpoint',
      '--endpoint',
      base,
      '--model',
      'm',
      '--concurrency',
      '1',
    ];
    const args = [join(folder, 'list.jsonl'), '--output', output, ...options];
    const endAfter = (count: number, signal: NodeJS.Signals) => (child: ChildProcess) => {
      asked = [];
      onRequest = (now) => {
        if (now === count) child.kill(signal);
      };
    };
    const killed = await caption(args, endAfter(8, 'SIGKILL'));
    expect(killed.code).toBe(null);
    expect(existsSync(output)).toBe(false);
    expect(readFileSync(`${output}.partial`, 'utf8').trim().split('\n')).toHaveLength(3);

    const stopped = await caption(args, endAfter(8, 'SIGINT'));
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('going on: 4 of 20 videos have their captions already');
    expect(stopped.stderr).toContain('Stopping; the captions made so far are kept.');
    expect(stopped.stdout).toBe(
      'Stopped with captions for 8 of 20 videos. Give the same command again to go on.\n',
    );

    const finished = await caption(args, endAfter(-1, 'SIGINT'));
    expect(finished.code).toBe(0);
    expect(asked).toHaveLength(18); // three prompts for each of the six labels that were left
    expect(finished.stdout).toBe(
      `${output}: 20 videos, 30 different captions.\nPretrain on it: lacuna pretrain --data ${output}\n`,
    );
    const { records } = await readClipList(output, () => {});
    expect(records.every(({ captions }) => captions.length === 3)).toBe(true);
    const said = [killed, stopped, finished].map((each) => each.stdout + each.stderr);
    expect([...said, ...asked, readFileSync(output, 'utf8')].join()).not.toContain(KEY);
    expect(asked.join()).not.toContain('.mp4');
  });

  it('prints what it would send, and sends nothing', async () => {
    asked = [];
    const options = ['--source', 'endpoint', '--endpoint', base, '--model', 'm', '--dry-run'];
    const { code, stdout, stderr } = await caption([join(folder, 'list.jsonl'), ...options]);
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(30);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({
      model: 'm',
      messages: [{ role: 'user', content: 'What does a person act 0 look like?' }],
    });
    expect(stderr).toContain(`30 requests would go to ${base}/chat/completions; nothing was sent.`);
    expect(stdout + stderr).not.toContain(KEY);
    expect(asked).toEqual([]);
  });
});
