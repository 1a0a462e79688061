import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LineFile } from './line-file.js';
import { LineFollower, lastLine } from './line-follower.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-follow-'));
});
afterAll(() => rm(folder, { recursive: true }));

const parse = (value: unknown): number | undefined =>
  typeof value === 'object' && value !== null && 'n' in value ? Number(value.n) : undefined;

async function written(path: string, numbers: readonly number[]): Promise<void> {
  const file = new LineFile(path);
  for (const n of numbers) await file.add({ n });
  await file.close();
}

function following(path: string): () => Promise<readonly (number | 'afresh')[]> {
  const follower = new LineFollower(path, parse);
  return async () => {
    const told: (number | 'afresh')[] = [];
    await follower.read({
      onAfresh: () => told.push('afresh'),
      onValue: (value) => told.push(value),
    });
    return told;
  };
}

it('tells each line once, and one that is torn when it is whole', async () => {
  const path = join(folder, 'added.jsonl');
  const read = following(path);
  expect(await read()).toEqual([]);
  await written(path, [1, 2]);
  expect(await read()).toEqual([1, 2]);
  await appendFile(path, '{"n":3');
  expect(await read()).toEqual([]);
  expect(await lastLine(path, parse)).toBe(2);
  await appendFile(path, '}\nno line\n{"n":4,"check":"00000000"}\n');
  expect(await read()).toEqual([3]);
  expect(await lastLine(path, parse)).toBe(3);
});

it('begins afresh with a file that was replaced or cut, as a resumed run cuts it', async () => {
  const path = join(folder, 'cut.jsonl');
  const read = following(path);
  await written(path, [1, 2, 3]);
  expect(await read()).toEqual([1, 2, 3]);
  await written(`${path}-new`, [1, 2]);
  await rename(`${path}-new`, path);
  await written(path, [5]);
  expect(await read()).toEqual(['afresh', 1, 2, 5]);
  await truncate(path, 0);
  await written(path, [7]);
  expect(await read()).toEqual(['afresh', 7]);
});

it('holds no more of an endless line than a line may have', async () => {
  const path = join(folder, 'endless.jsonl');
  await writeFile(path, Buffer.alloc(3 * 2 ** 20, 'x'));
  await appendFile(path, '\n');
  await written(path, [1]);
  expect(await following(path)()).toEqual([1]);
  expect(await lastLine(path, parse)).toBe(1);
});
