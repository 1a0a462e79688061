import { appendFile, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from './crc32c.js';
import { cutEventFiles, EventFile, encodeBeginning, encodeScalars } from './event-file.js';
import { tfRecord, tfRecords } from './tf-record.js';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const NOON = 1_767_268_800;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-events-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function newFolder(name: string): Promise<string> {
  return mkdtemp(join(folder, name));
}

/** Numbers that float32 does not hold, or that are none, among those of each step. */
function valuesOf(step: number): Record<string, number> {
  const values = { 'train/loss': 2.3 / step, 'train/learning_rate': 1e-4, 'train/grad_norm': 1e30 };
  return step === 2 ? { ...values, 'retrieval/R@1, text to video': 1 / 3 } : values;
}

/** A run that is killed after step 3, and goes on from the checkpoint of step 1. */
async function killedRun(path: string): Promise<void> {
  const first = await EventFile.create(path, { wallTime: NOON, step: 1, goesOn: false });
  for (const step of [1, 2, 3]) await first.add(scalars(step, NOON));
  await first.close();
  await cutEventFiles(path, 1);
  const second = await EventFile.create(path, { wallTime: NOON + 60, step: 2, goesOn: true });
  for (const step of [2, 3, 4]) await second.add(scalars(step, NOON + 60));
  await second.sync();
  await second.close();
}

const scalars = (step: number, begin: number) => ({
  wallTime: begin + step + 0.25,
  step,
  values: valuesOf(step),
});

async function contents(path: string): Promise<Record<string, Buffer>> {
  const found: Record<string, Buffer> = {};
  for (const name of (await readdir(path)).sort()) found[name] = await readFile(join(path, name));
  return found;
}

describe('an event file', () => {
  it('has the bytes that TensorBoard read, and it read each step once with its time', async () => {
    const golden = join(FIXTURES, 'run');
    if (process.env.LACUNA_UPDATE_GOLDEN === '1') {
      for (const name of await readdir(golden)) await rm(join(golden, name));
      await killedRun(golden);
    }
    const path = await newFolder('run-');
    await killedRun(path);
    expect(await contents(path)).toEqual(await contents(golden));
    const expected: Record<string, [number, number, number][]> = {};
    for (const step of [1, 2, 3, 4]) {
      const { wallTime, values } = scalars(step, step === 1 ? NOON : NOON + 60);
      for (const [tag, value] of Object.entries(values)) {
        expected[tag] = [...(expected[tag] ?? []), [wallTime, step, Math.fround(value)]];
      }
    }
    const read: unknown = JSON.parse(await readFile(join(FIXTURES, 'run.json'), 'utf8'));
    expect(read).toEqual(expected);
  });

  it('follows those which are there, however fast it is begun', async () => {
    const path = await newFolder('fast-');
    for (const _ of [1, 2, 3]) {
      await (await EventFile.create(path, { wallTime: NOON, step: 1, goesOn: false })).close();
    }
    const seconds = (await readdir(path)).sort().map((name) => Number(name.split('.')[3]));
    expect(seconds).toEqual([NOON, NOON + 1, NOON + 2]);
  });

  it('is cut before what is torn, damaged or no event, and left alone where nothing is to be cut', async () => {
    const path = await newFolder('torn-');
    const file = await EventFile.create(path, { wallTime: NOON, step: 1, goesOn: false });
    await file.add(scalars(1, NOON));
    await file.close();
    const name = join(path, (await readdir(path))[0] ?? '');
    const whole = await readFile(name);
    const next = encodeScalars(scalars(2, NOON));
    const damaged = Buffer.from(next);
    damaged[20] = (damaged[20] as number) ^ 1;
    const huge = Buffer.alloc(12);
    huge.writeBigUInt64LE(2n ** 60n);
    huge.writeUInt32LE(maskedCrc32c(huge.subarray(0, 8)), 8);
    for (const tail of [next.subarray(0, -1), damaged, huge, tfRecord(Buffer.from('no event'))]) {
      await writeFile(name, Buffer.concat([whole, tail]));
      await cutEventFiles(path, 9);
      expect(await readFile(name)).toEqual(whole);
    }
    await cutEventFiles(path, 0);
    expect(await readdir(path)).toEqual([]);
  });

  it('is no link: what it leads to is neither read nor changed', async () => {
    const path = await newFolder('link-');
    const theirs = join(folder, 'theirs');
    await writeFile(
      theirs,
      Buffer.concat([encodeBeginning({ wallTime: NOON, step: 1, goesOn: false })]),
    );
    await appendFile(theirs, encodeScalars(scalars(2, NOON)));
    const before = await readFile(theirs);
    await symlink(theirs, join(path, `events.out.tfevents.${NOON}.lacuna`));
    await expect(cutEventFiles(path, 1)).rejects.toThrow('a link');
    expect(await readFile(theirs)).toEqual(before);
  });
});

describe('a TFRecord file', () => {
  it('has the checksums of RFC 3720 and of TensorFlow', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe306_9283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a91_36aa);
    expect(maskedCrc32c(new Uint8Array(0))).toBe(0xa282_ead8);
  });

  it('that is missing has no records', async () => {
    const found: unknown[] = [];
    for await (const record of tfRecords(join(folder, 'nothing'))) found.push(record);
    expect(found).toEqual([]);
  });
});
