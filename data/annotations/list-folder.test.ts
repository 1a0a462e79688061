import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { named, readLabelNames } from './label-names.js';
import { listFolder } from './list-folder.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), 'x');
  }
}

describe('the videos of a folder', () => {
  it('are found below it by their names, in the order of their paths', async () => {
    write('videos/b.mp4', 'videos/B.MKV', 'videos/a/z.webm', 'videos/a/deep/er/c.avi');
    write('videos/.hidden/d.mp4', 'videos/._b.mp4', 'videos/notes.txt', 'videos/mp4');
    const { records, leftOut } = await listFolder(join(folder, 'videos'));
    const names = ['B.MKV', 'a/deep/er/c.avi', 'a/z.webm', 'b.mp4'];
    expect(records).toEqual(names.map((video) => ({ id: video, video, captions: [] })));
    expect([...leftOut]).toEqual([['not named as a video', 2]]);
  });

  it('have the captions that lie beside them, where those are asked for', async () => {
    write('videos/a.mp4', 'videos/b/c.mp4', 'videos/d.mp4', 'videos/e.mp4', 'videos/f.txt');
    const beside = (name: string, text: string): void =>
      writeFileSync(join(folder, 'videos', name), text);
    beside('a.txt', 'a dog\n\na brown dog\n');
    beside('a.json', '{"caption": "not this"}');
    beside('b/c.json', '{"captions": ["x", "y"], "fps": 25}');
    beside('d.json', '{"caption": "z"}');
    const told: string[] = [];
    const options = { captionsBeside: true, onNote: (line: string) => told.push(line) };
    const { records } = await listFolder(join(folder, 'videos'), options);
    expect(records.map(({ id, captions }) => [id, captions])).toEqual([
      ['a.mp4', ['a dog', 'a brown dog']],
      ['b/c.mp4', ['x', 'y']],
      ['d.mp4', ['z']],
      ['e.mp4', []],
    ]);
    expect(told.join()).toMatch(/captions of 3 videos lie beside them/);
    beside('d.json', '{"caption": ');
    await expect(listFolder(join(folder, 'videos'), options)).rejects.toThrow(/d.json: .*not JSON/);
  });

  it('are not looked for behind links', async () => {
    write('outside/secret.mp4', 'videos/a.mp4');
    symlinkSync(join(folder, 'outside'), join(folder, 'videos/folder'));
    symlinkSync(join(folder, 'outside/secret.mp4'), join(folder, 'videos/link.mp4'));
    symlinkSync(join(folder, 'videos'), join(folder, 'videos/loop'));
    const { records, leftOut } = await listFolder(join(folder, 'videos'));
    expect(records.map(({ video }) => video)).toEqual(['a.mp4']);
    expect([...leftOut]).toEqual([['a link, which --follow-links would follow', 3]]);
  });

  it('are listed behind links where those are followed, each folder once', async () => {
    write('outside/secret.mp4', 'videos/a.mp4');
    symlinkSync(join(folder, 'outside'), join(folder, 'videos/folder'));
    symlinkSync(join(folder, 'outside/secret.mp4'), join(folder, 'videos/link.mp4'));
    symlinkSync(join(folder, 'videos'), join(folder, 'videos/loop'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'videos/none.mp4'));
    const { records, leftOut } = await listFolder(join(folder, 'videos'), { followLinks: true });
    expect(records.map(({ video }) => video)).toEqual(['a.mp4', 'folder/secret.mp4', 'link.mp4']);
    expect([...leftOut]).toEqual([
      ['a folder that another way leads to', 1],
      ['a link that leads nowhere', 1],
    ]);
  });

  it('have the names of their folders for labels when asked for', async () => {
    write('k/top.mp4', 'k/ride_bike/1.mp4', 'k/val/high jump/2.mp4');
    const { records } = await listFolder(join(folder, 'k'), { labelsFromFolders: true });
    expect(records.map(({ video, label }) => [video, label])).toEqual([
      ['ride_bike/1.mp4', 'ride_bike'],
      ['top.mp4', undefined],
      ['val/high jump/2.mp4', 'high jump'],
    ]);
  });

  it('are left out where a list cannot name them', async () => {
    write('v/back\\slash.mp4', 'v/C:drive.mp4', 'v/ok.mp4', `v/${'x/'.repeat(33)}deep.mp4`);
    const { records, leftOut } = await listFolder(join(folder, 'v'));
    expect(records.map(({ video }) => video)).toEqual(['ok.mp4']);
    expect([...leftOut]).toEqual([
      ['a name that a list cannot hold', 2],
      ['deeper than 32 folders', 1],
    ]);
  });

  it('are none: this is an error', async () => {
    write('v/a.txt');
    await expect(listFolder(join(folder, 'v'))).rejects.toThrow(
      /the folder holds no videos; got 1 \(not named as a video\), expected files like NAME.mp4/,
    );
    await expect(listFolder(join(folder, 'absent'))).rejects.toThrow(
      /the folder cannot be read.*ENOENT/,
    );
  });
});

describe('names of labels', () => {
  const clip = (label?: string) => ({
    id: 'a.mp4',
    video: 'a.mp4',
    captions: [],
    ...(label === undefined ? {} : { label }),
  });

  it('stand one a line, from 0', async () => {
    write('names.txt');
    const path = join(folder, 'names.txt');
    writeFileSync(path, '\uFEFFride bike\r\n\r\nbrush_hair\n');
    const names = await readLabelNames(path);
    expect(names).toEqual(['ride bike', 'brush_hair']);
    expect(named([clip('1'), clip('0'), clip()], names, path)).toEqual([
      clip('brush_hair'),
      clip('ride bike'),
      clip(),
    ]);
    for (const label of ['2', 'ride bike', '-1', '1e0']) {
      expect(() => named([clip(label)], names, path)).toThrow(
        /a.mp4: a label has no name; got ".*", expected a whole number from 0 to 1, a line of .*names.txt/,
      );
    }
  });
});
