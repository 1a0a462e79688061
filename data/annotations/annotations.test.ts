import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LacunaError } from '../../spec/errors.js';
import { SHARED_DATA } from '../testing/shared-data.js';
import type { ClipList } from './clip-record.js';
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
    const line = '{"video": "a.mp4", "start": 1.5, "end": 3, "fps": 25}';
    const told: string[] = [];
    await read(`${line}\n{"video": "b.mp4", "start": 0}`, told);
    expect(told.map((each) => each.replaceAll(folder, ''))).toEqual([
      '/list.txt: the keys "start" (2 lines), "end" (1 line) are about a part of a video, and parts are not read: the whole video is used. Cut the parts out into files of their own.',
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
    [Buffer.from([0x7b, 0xff, 0x7d]), /list.txt:1: the line is not UTF-8 text/],
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
      /the list cannot be read.*ENOENT/,
    );
    await expect(readClipList(folder, () => {})).rejects.toThrow(/the list cannot be read/);
  });

  it('is refused when two names have the same digest', async () => {
    const lines = '{"video": "v332789.mp4"}\n{"video": "v529192.mp4"}'; // found by trying
    expect(await messageOf(lines)).toMatch(
      /list.txt:2: two videos would get the same random draws/,
    );
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

  it('takes "path 0 -1" of VideoMAE V2', async () => {
    const { records } = await read('a.mp4 0 -1\nb.mp4\t0 -1\n');
    expect(records.map(({ video, label }) => [video, label])).toEqual([
      ['a.mp4', undefined],
      ['b.mp4', undefined],
    ]);
  });

  it.each([
    ['a.mp4', /list.txt:1: the line has the wrong number of fields.*"path label"/],
    ['my video file.mp4 3', /the path has a blank in it.*JSON Lines/],
    ['my video.mp4 1\nother.mp4 2', /list.txt:1: the path has a blank in it.*JSON Lines/],
    ['a.mp4 1\nmy video.mp4 1', /list.txt:2: the path has a blank in it; .*2 fields.*JSON Lines/],
    ['[{"video":"a.mp4","captions":["x"]}]', /this is JSON, but .* one object a line/],
    ['[\n{"video":"a.mp4"}\n]', /this is JSON, but .* one object a line/],
    ['videoid,caption\n1,"a, b\nc"', /a table with commas, which is not read.*JSON Lines/],
    ['a.mp4,a dog\nb.mp4,a cat', /a table with commas/],
    ['"a b.mp4","a dog, running"', /a table with commas/],
    ['Hello, world\n', /^(?!.*a table).*the wrong number of fields/],
    [
      '[WARNING] 3 files, none of them read',
      /^(?!.*(?:a table|this is JSON)).*the wrong number of fields/,
    ],
    ['a.mp4 1\rb.mp4 2\r', /list.txt: the lines end with a carriage return alone/],
    [`${'a.mp4 1\r'.repeat(50_000)}`, /the lines end with a carriage return alone/],
    ['a.mp4 3\nb.mp4 0 -1', /list.txt:2: the line has the wrong number of fields.*2 fields/],
    ['a.mp4 x', /should be a whole number is none.*JSON Lines/],
    ['a.mp4 1.5', /should be a whole number is none/],
    ['frames/a 0 120', /a folder of frames or a part of a video/],
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
