import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { replaceFolder } from '../../formats/whole-folder.js';
import { LacunaError } from '../../spec/errors.js';
import { type ClipAddress, testContents } from './content.js';
import { FRAME_COUNT, FRAME_SIDE } from './frame.js';
import { makeDemoData } from './make-demo-data.js';
import { renderClip } from './render-clip.js';

const av = await import('node-av').catch(() => undefined);
const canEncode = capable('node-av', av === undefined ? 'it is not installed' : undefined);
const notRun = !canEncode ? ' (NOT RUN: node-av is not installed)' : '';

const options = { trainClips: 5, testClips: 3 };
let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lacuna-demo-'));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

/** Every file below a folder with the digest of its bytes. */
async function digests(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const pairs = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    const digest = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    return [path.slice(folder.length + 1), digest] as const;
  });
  return Object.fromEntries(await Promise.all(pairs));
}

async function lines(file: string): Promise<Record<string, unknown>[]> {
  return (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe.skipIf(!canEncode)(`the demo data${notRun}`, () => {
  it('are the same bytes every time, and are made once', async () => {
    const seen: [number, number][] = [];
    const first = await makeDemoData(join(root, 'a'), options, (...now) => seen.push(now));
    const second = await makeDemoData(join(root, 'b'), options);
    expect([first.reused, second.reused]).toEqual([false, false]);
    expect(seen).toEqual(Array.from({ length: 8 }, (_, i) => [i + 1, 8]));
    const made = await digests(first.folder);
    expect(Object.keys(made)).toHaveLength(8 + 5);
    expect(await digests(second.folder)).toEqual(made);
    expect((await makeDemoData(join(root, 'a'), options)).reused).toBe(true);
    expect(await readdir(root)).toEqual(['a', 'b']);
  });

  it('list every clip with captions, label, content and a box a frame', async () => {
    const data = await makeDemoData(join(root, 'a'), options);
    const train = await lines(data.trainList);
    const test = await lines(data.testList);
    const content = await lines(data.contentList);
    const boxes = await lines(data.boxList);
    expect([train.length, test.length]).toEqual([5, 3]);
    const videos = [...test, ...train].map(({ video }) => video);
    expect(content.map(({ video }) => video)).toEqual(videos);
    expect(boxes.map(({ video }) => video)).toEqual(videos);
    for (const [i, entry] of [...test, ...train].entries()) {
      expect(entry.captions).toHaveLength(3);
      expect(entry.label).toBe(content[i]?.motion);
      expect(boxes[i]?.boxes).toHaveLength(FRAME_COUNT);
      expect(boxes[i]?.shares).toHaveLength(FRAME_COUNT);
    }
  });

  it('decode to the pictures that were drawn', async () => {
    if (av === undefined) throw new Error('unreachable');
    const data = await makeDemoData(join(root, 'a'), options);
    for (const [index, content] of testContents(0).slice(0, 3).entries()) {
      const address: ClipAddress = { seed: 0, split: 'test', index };
      const drawn = renderClip(content, address).frames;
      const file = join(data.folder, 'clips', `test-0000${index}.mp4`);
      const demuxer = av.Demuxer.openSync(file);
      const track = demuxer.video();
      if (track === undefined) throw new Error('no video track');
      const decoder = av.Decoder.createSync(track, { threadCount: 1 });
      const seen: Buffer[] = [];
      for (const frame of decoder.framesSync(demuxer.packetsSync(track.index))) {
        if (frame === null) break;
        expect([frame.width, frame.height]).toEqual([FRAME_SIDE, FRAME_SIDE]);
        seen.push(frame.toBuffer());
      }
      decoder.close();
      demuxer.closeSync();
      expect(seen).toHaveLength(FRAME_COUNT);
      for (const [i, bytes] of seen.entries()) {
        const wanted = drawn[i] ?? new Uint8Array();
        let error = 0;
        for (const [place, value] of wanted.entries())
          error += Math.abs(value - (bytes[place] ?? 0));
        expect(error / wanted.length).toBeLessThan(4);
      }
    }
  });

  it('do not change the train clips when fewer are asked for', async () => {
    const few = await makeDemoData(join(root, 'few'), { trainClips: 2, testClips: 1 });
    const many = await makeDemoData(join(root, 'a'), options);
    expect(await lines(few.trainList)).toEqual((await lines(many.trainList)).slice(0, 2));
    const [a, b] = [await digests(few.folder), await digests(many.folder)];
    for (const name of ['clips/train-00001.mp4', 'clips/test-00000.mp4']) {
      expect(a[name]).toBe(b[name]);
    }
  });

  it('are made anew when a clip or a list was damaged, or the options differ', async () => {
    const folder = join(root, 'damaged');
    await makeDemoData(folder, options);
    const whole = await digests(folder);
    await rm(join(folder, 'clips', 'train-00003.mp4'));
    expect((await makeDemoData(folder, options)).reused).toBe(false);
    await writeFile(join(folder, 'test.jsonl'), '');
    expect((await makeDemoData(folder, options)).reused).toBe(false);
    expect(await digests(folder)).toEqual(whole);
    expect((await makeDemoData(folder, { ...options, seed: 1 })).reused).toBe(false);
    expect(await digests(folder)).not.toEqual(whole);
  });

  it('of version 2 show scenes, label what is done in them, and take the place of those of version 1', async () => {
    const folder = join(root, 'versions');
    const first = await makeDemoData(folder, options);
    const old = await lines(first.testList);
    const second = await makeDemoData(folder, { ...options, version: 2 });
    expect(second.reused).toBe(false);
    expect((await makeDemoData(folder, { ...options, version: 2 })).reused).toBe(true);
    const entries = await lines(second.testList);
    const contents = await lines(second.contentList);
    expect(entries).not.toEqual(old);
    for (const [index, { label }] of entries.entries()) {
      expect(label).toBe(contents[index]?.action);
      expect(contents[index]).toHaveProperty('place');
    }
  });

  it('never replace what is not demo data', async () => {
    const folder = join(root, 'mine');
    await mkdir(folder);
    await writeFile(join(folder, 'manifest.json'), '{"generator":"mine"}');
    await expect(makeDemoData(folder, options)).rejects.toThrow(/holds something else/);
    const file = join(root, 'mine', 'manifest.json');
    await expect(makeDemoData(file, options)).rejects.toThrow(LacunaError);
    expect(await readFile(file, 'utf8')).toBe('{"generator":"mine"}');
  });
});

describe('the options of the demo data', () => {
  it.each([
    { version: 3 as 2 },
    { seed: -1 },
    { seed: 0.5 },
    { trainClips: 0 },
    { trainClips: 1e9 },
    { testClips: 0 },
    { testClips: 65 },
    { testClips: Number.NaN },
  ])('are refused out of bounds: %o', async (bad) => {
    await expect(makeDemoData(join(root, 'never'), bad)).rejects.toThrow(/out of bounds/);
    expect(await readdir(root)).not.toContain('never');
  });
});

describe('a folder that is made as a whole', () => {
  it('does not appear when filling it fails, and leaves nothing beside it', async () => {
    const parent = join(root, 'whole');
    const fail = async (partial: string): Promise<void> => {
      await writeFile(join(partial, 'half'), 'x');
      throw new LacunaError({ what: 'the disk is full' });
    };
    await expect(replaceFolder(join(parent, 'data'), 'a test', false, fail)).rejects.toThrow(
      /disk is full/,
    );
    expect(await readdir(parent)).toEqual([]);
  });

  it('stays as it was when filling its successor fails', async () => {
    const target = join(root, 'whole', 'kept');
    await replaceFolder(target, 'a test', false, (partial) => writeFile(join(partial, 'old'), '1'));
    const fail = (): Promise<void> => Promise.reject(new LacunaError({ what: 'stopped' }));
    await expect(replaceFolder(target, 'a test', true, fail)).rejects.toThrow(/stopped/);
    expect(await readdir(target)).toEqual(['old']);
    await replaceFolder(target, 'a test', true, (partial) => writeFile(join(partial, 'new'), '2'));
    expect(await readdir(target)).toEqual(['new']);
    expect(await readdir(join(root, 'whole'))).toEqual(['kept']);
  });

  it('removes what a killed run left, but not what a running one is writing', async () => {
    const parent = join(root, 'killed');
    const goneProcess = 2 ** 31 - 2;
    await mkdir(join(parent, `data.partial-${goneProcess}`), { recursive: true });
    await mkdir(join(parent, `data.partial-${process.ppid}`));
    await mkdir(join(parent, 'data.partial-notes'));
    await replaceFolder(join(parent, 'data'), 'a test', false, (partial) =>
      writeFile(join(partial, 'file'), ''),
    );
    expect((await readdir(parent)).sort()).toEqual(
      ['data', `data.partial-${process.ppid}`, 'data.partial-notes'].sort(),
    );
  });
});
