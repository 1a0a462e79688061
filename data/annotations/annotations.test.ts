import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LacunaError } from '../../spec/errors.js';
import { sampleWord } from '../../spec/random/sample-word.js';
import { SHARED_DATA } from '../testing/shared-data.js';
import { type ClipList, jsonLine } from './clip-record.js';
import { MAX_LINE_BYTES } from './limits.js';
import { readClipList } from './read-clip-list.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-lists-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(content: string | Buffer, told: string[] = []): Promise<ClipList> {
  const path = join(folder, 'list.txt');
  writeFileSync(path, content);
  return readClipList(path, (sentence) => told.push(sentence));
}

async function messageOf(content: string | Buffer): Promise<string> {
  const error = await read(content).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(LacunaError);
  return String(error);
}

describe('a JSON Lines list', () => {
  it('takes captions as an array or a string, and labels as text or numbers', async () => {
    const { records } = await read(
      [
        '\uFEFF{"video": "./a//b.mp4", "captions": ["one ", "two"], "label": "run"}',
        '{"video": "c d.mp4", "caption": "three", "label": 4}\r',
        '',
        '{"video": "é.mp4", "captions": []}',
        '{"image": "..hidden/e.mp4"}',
      ].join('\n'),
    );
    expect(records).toEqual([
      { id: 'a/b.mp4', video: 'a/b.mp4', captions: ['one', 'two'], label: 'run' },
      { id: 'c d.mp4', video: 'c d.mp4', captions: ['three'], label: '4' },
      { id: 'é.mp4', video: 'é.mp4', captions: [] },
      { id: '..hidden/e.mp4', video: '..hidden/e.mp4', captions: [] },
    ]);
  });

  it('counts unknown keys and different captions', async () => {
    const line = (i: number): string =>
      `{"video": "${i}.mp4", "captions": "same", "fps": 3, "__proto__": 1}`;
    const { unknownKeys, distinctCaptions } = await read([1, 2, 3].map(line).join('\n'));
    expect([...unknownKeys]).toEqual([
      ['fps', 3],
      ['__proto__', 3],
    ]);
    expect(distinctCaptions).toBe(1);
  });

  it('takes a digest and a size of somebody else for what they are: keys that are not known', async () => {
    const { records, unknownKeys } = await read(
      '{"video": "a.mp4", "sha256": "feed", "bytes": 12}',
    );
    expect([...unknownKeys.keys()]).toEqual(['sha256', 'bytes']);
    expect(records[0]).not.toHaveProperty('member');
    const torn = '{"video": "s.tar/a.mp4", "sha256": "feed", "bytes": 12}';
    expect(await messageOf(torn)).toContain('the place in a tar is not told in full');
  });

  it('tells of all lines that cannot be read, the first in full', async () => {
    const lines = ['{}', '{"video": "a.mp4"}', '{"video": "../b"}', '[', '{"video": "a.mp4"}'];
    expect(await messageOf(lines.join('\n'))).toMatch(
      /list.txt:1: the video has no usable path.*Wrong as well: .*list.txt:3 \(the path of the video is not inside the data folder\), .*list.txt:4 \(the line is no JSON object\), .*list.txt:5 \(the video is in the list twice\)\.$/,
    );
    const many = Array.from({ length: 50 }, () => '{}').join('\n');
    expect(await messageOf(many)).toMatch(/ and 30 lines more\.$/);
  });

  it('leaves out captions that cannot be used, and says how many', async () => {
    const lines = [
      '{"video": "a.mp4", "captions": ["good", "", 3]}',
      `{"video": "b.mp4", "captions": "${'x'.repeat(5000)}"}`,
      '{"video": "c.mp4", "captions": ["better"]}',
    ];
    const told: string[] = [];
    const { records, badCaptions } = await read(lines.join('\n'), told);
    expect(records.map(({ captions }) => captions)).toEqual([['good'], [], ['better']]);
    expect([badCaptions.count, [...badCaptions.first.keys()]]).toEqual([3, ['a.mp4', 'b.mp4']]);
    expect(told.map((line) => line.replaceAll(folder, ''))).toEqual([
      '/list.txt: 3 captions are left out. The first: /list.txt:1: a caption is not usable; got "", expected a text of 1 to 4096 characters. Mend or remove it; a video without captions has "captions": [].',
    ]);
  });

  it('says which keys it does not read, and those about a part of a video by name', async () => {
    const line = '{"video": "a.mp4", "start_time": 1.5, "end_time": 3, "fps": 25}';
    const told: string[] = [];
    await read(`${line}\n{"video": "b.mp4", "start_time": 0}`, told);
    expect(told.map((each) => each.replaceAll(folder, ''))).toEqual([
      '/list.txt: the keys "start_time" (2 lines), "end_time" (1 line) are about a part of a video and not read: the whole video is used. "start" and "end", in seconds, are.',
      '/list.txt: the key "fps" (1 line) is not known and left out.',
    ]);
  });

  it('has a digest of what it says, not of how it is laid out', async () => {
    const one = await read('{"video": "a.mp4", "captions": ["x"]}');
    const same = await read('\n {"captions":"x","fps":1,"video":"./a.mp4"}\n');
    const other = await read('{"video": "a.mp4", "captions": ["y"]}');
    expect(same.digest).toBe(one.digest);
    expect(other.digest).not.toBe(one.digest);
    expect(one.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['{"video": "a.mp4"', /list.txt:1: the line is no JSON object.*expected/],
    ['{"video": "a.mp4"}\n[1]', /list.txt:2: the line is no JSON object/],
    ['{}', /list.txt:1: the video has no usable path; got undefined/],
    ['{"video": 3}', /got 3/],
    ['{"video": "  "}', /no usable path/],
    [`{"video": "${'a'.repeat(2000)}"}`, /no usable path/],
    ['{"video": "/etc/a.mp4"}', /not inside the data folder/],
    ['{"video": "a/../../b.mp4"}', /not inside the data folder/],
    ['{"video": "C:/b.mp4"}', /not inside the data folder/],
    ['{"video": "a\\\\b.mp4"}', /not inside the data folder/],
    ['{"video": "a\\u0000.mp4"}', /not inside the data folder/],
    ['{"video": "./"}', /not inside the data folder/],
    [
      `{"video": "a.mp4", "captions": [${Array(1001).fill('"x"').join()}]}`,
      /too many captions; got 1001/,
    ],
    ['{"video": "a.mp4", "caption": "x", "captions": "y"}', /both "caption" and "captions"/],
    ['{"video": "a.mp4", "image": "a.png"}', /both "video" and "image"/],
    ['{"video": "a.mp4", "label": {}}', /the label is not usable/],
    [
      '{"video": "a.mp4"}\n{"video": "./a.mp4"}',
      /list.txt:2: the video is in the list twice.*list.txt:1/,
    ],
    ['', /the list has no videos/],
    ['\n  \n', /the list has no videos/],
    [`{"video": "${'a'.repeat(MAX_LINE_BYTES)}"}`, /list.txt:1: the line is too long/],
    [Buffer.from([0x7b, 0xff, 0x7d]), /list.txt: the file is not UTF-8 text/],
  ])('is refused when it is %s', async (content, message) => {
    expect(await messageOf(content)).toMatch(message);
  });

  it('reads lines that lie across the chunks of the file', async () => {
    const captions = Array.from({ length: 40 }, (_, i) => `${'ü'.repeat(1000)}${i}`);
    const lines = Array.from({ length: 12 }, (_, i) =>
      JSON.stringify({ video: `${i}.mp4`, captions }),
    );
    const { records } = await read(lines.join('\n'));
    expect(records.map(({ video }) => video)).toEqual(lines.map((_, i) => `${i}.mp4`));
    expect(records.every((record) => record.captions[39] === captions[39])).toBe(true);
  });

  it('is refused in a sentence when it is absent', async () => {
    await expect(readClipList(join(folder, 'absent'), () => {})).rejects.toThrow(
      /absent: the file cannot be read; got no file of this name \(ENOENT\), expected a file with a list of clips\.$/,
    );
    await expect(readClipList(folder, () => {})).rejects.toThrow(/the file cannot be read/);
  });

  it('gives the later of two names with the same digest another address', async () => {
    const names = ['v332789.mp4', 'v529192.mp4']; // found by trying
    expect(sampleWord(names[0] ?? '')).toBe(sampleWord(names[1] ?? ''));
    const { records } = await read(names.map((video) => JSON.stringify({ video })).join('\n'));
    expect(records.map(({ id, video }) => [id, video])).toEqual([
      ['v332789.mp4', 'v332789.mp4'],
      ['v529192.mp4~1', 'v529192.mp4'],
    ]);
  });

  it('has parts of videos as records of their own, in seconds or frames', async () => {
    const { records, digest } = await read(
      [
        '{"video": "a.mp4", "start": 1.5, "end": "00:00:03", "captions": "x"}',
        '{"video": "a.mp4", "start": 3, "end": 4.25}',
        '{"file_name": "a.mp4", "frames": [10, 32], "text": "y"}',
        '{"video": "a.mp4"}',
      ].join('\n'),
    );
    expect(records).toEqual([
      { id: 'a.mp4#t=1.5,3', video: 'a.mp4', part: { start: 1.5, end: 3 }, captions: ['x'] },
      { id: 'a.mp4#t=3,4.25', video: 'a.mp4', part: { start: 3, end: 4.25 }, captions: [] },
      { id: 'a.mp4#frames=10,32', video: 'a.mp4', part: { first: 10, count: 32 }, captions: ['y'] },
      { id: 'a.mp4', video: 'a.mp4', captions: [] },
    ]);
    // What is written of them is read back as it is.
    expect((await read(records.map(jsonLine).join(''))).digest).toBe(digest);
  });

  it.each([
    ['"start": 3, "end": 3', /no usable times; got 3 to 3/],
    ['"start": 3', /got 3 to undefined/],
    ['"start": -1, "end": 3', /no usable times/],
    ['"start": "x", "end": 3', /no usable times/],
    ['"start": 1, "end": 1e9', /no usable times/],
    ['"frames": [1]', /told in two ways, or not in full/],
    ['"frames": [1, 2], "start": 1, "end": 2', /told in two ways/],
    ['"frames": [1, 0]', /no usable frames/],
    ['"frames": [1.5, 2]', /no usable frames/],
  ])('is refused with a part like %s', async (part, message) => {
    expect(await messageOf(`{"video": "a.mp4", ${part}}`)).toMatch(message);
  });
});

describe('a VideoMAE list', () => {
  it('takes "path label", -1 standing for no label', async () => {
    const { records } = await read('a/b.mp4 3\nc.mp4 -1\n');
    expect(records).toEqual([
      { id: 'a/b.mp4', video: 'a/b.mp4', captions: [], label: '3' },
      { id: 'c.mp4', video: 'c.mp4', captions: [] },
    ]);
  });

  it('takes paths alone', async () => {
    const { records } = await read('a.mp4\nb/c.webm\n');
    expect(records.map(({ video, label }) => [video, label])).toEqual([
      ['a.mp4', undefined],
      ['b/c.webm', undefined],
    ]);
  });

  it('takes "path start total" of a video as so many frames of it', async () => {
    const { records } = await read('a.mp4 30 64\na.mp4 94 64\nb.mp4 0 -1\n');
    expect(records.map(({ id, part }) => [id, part])).toEqual([
      ['a.mp4#frames=30,64', { first: 30, count: 64 }],
      ['a.mp4#frames=94,64', { first: 94, count: 64 }],
      ['b.mp4', undefined],
    ]);
  });

  it('takes "path 0 -1" of VideoMAE V2', async () => {
    const { records } = await read('a.mp4 0 -1\nb.mp4\t0 -1\n');
    expect(records.map(({ video, label }) => [video, label])).toEqual([
      ['a.mp4', undefined],
      ['b.mp4', undefined],
    ]);
  });

  it.each([
    ['a', /list.txt:1: the line names no video file: .*"path label"/],
    ['a.mp4\nb', /list.txt:2: the line names no video file/],
    ['1 ApplyEyeMakeup', /names of classes with their numbers/],
    ['a.mp4 0 3\nb.mp4 0 2 4', /list.txt:2: the line has several labels/],
    ['my video file.mp4 3', /the path has a blank in it.*JSON Lines/],
    ['my video.mp4 1\nother.mp4 2', /list.txt:1: the path has a blank in it.*JSON Lines/],
    ['a.mp4 1\nmy video.mp4 1', /list.txt:2: the path has a blank in it; .*2 fields.*JSON Lines/],
    [
      'videoid,caption\n1,"a, b\nc"',
      /a table with commas whose first line .*none that are known.*JSON Lines/,
    ],
    ['a.mp4,a dog\nb.mp4,a cat', /a table with commas/],
    ['"a b.mp4","a dog, running"', /a table with commas/],
    ['Hello, world\n', /^(?!.*a table).*the line names no video file/],
    [
      '[WARNING] 3 files, none of them read',
      /^(?!.*(?:a table|JSON,)).*the wrong number of fields/,
    ],
    ['a.mp4 1\rb.mp4 2\r', /list.txt: the lines end with a carriage return alone/],
    [`${'a.mp4 1\r'.repeat(50_000)}`, /the lines end with a carriage return alone/],
    ['a.mp4 3\nb.mp4 0 -1', /list.txt:2: the line has the wrong number of fields.*2 fields/],
    ['a.mp4 1 x', /should be a whole number is none/],
    ['a.mp4 x', /should be a whole number is none.*JSON Lines/],
    ['a.mp4 1.5', /should be a whole number is none/],
    ['frames/a 0 120', /a folder of frames/],
    ['a.mp4 3 -1', /a folder of frames/],
    ['a.mp4 0 0', /no usable frames/],
    ['../a.mp4 1', /not inside the data folder/],
    ['a.mp4 1\na.mp4 2', /twice/],
  ])('is refused when it is %j', async (content, message) => {
    expect(await messageOf(content)).toMatch(message);
  });
});

describe.skipIf(SHARED_DATA === undefined)(
  `the lists of the shared data${SHARED_DATA === undefined ? ' (skipped: ../shared/data is absent)' : ''}`,
  () => {
    it('are read in both forms, with the same videos', async () => {
      const root = join(SHARED_DATA ?? '', 'annotations/ours');
      const lines = await readClipList(join(root, 'captions.jsonl'), () => {});
      const list = await readClipList(join(root, 'videomae_style_list.csv'), () => {});
      expect(lines.records.length).toBe(54);
      expect(lines.distinctCaptions).toBe(162);
      expect(list.records.map(({ video }) => video)).toEqual(
        lines.records.map(({ video }) => video),
      );
    });
  },
);
