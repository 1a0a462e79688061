import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LacunaError } from '../../spec/errors.js';
import { SHARED_DATA } from '../testing/shared-data.js';
import type { ClipList } from './clip-record.js';
import type { ClipListOptions } from './gather-clips.js';
import { readLabelNames } from './label-names.js';
import { parquetAnnotations } from './parquet.js';
import { readClipList } from './read-clip-list.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-sets-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function given(name: string, content: string | object): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const told: string[] = [];
async function read(content: string | object, options?: ClipListOptions): Promise<ClipList> {
  told.length = 0;
  const path = await given('list', content);
  return readClipList(path, (sentence) => told.push(sentence.replaceAll(folder, '')), options);
}

/** Of each record its id, captions and label. */
async function facts(content: string | object, options?: ClipListOptions): Promise<unknown[]> {
  const { records } = await read(content, options);
  return records.map(({ id, captions, label, labels = label }) => [
    id,
    captions,
    ...(labels === undefined ? [] : [labels]),
  ]);
}

describe('annotations of public sets are told by what is in them', () => {
  it('WebVid: a table with the folder of each video', async () => {
    const csv =
      'videoid,name,page_dir,duration\r\n12,"A ""dog"", running\nfast",000_050,PT1S\r\n13,a cat,,\r\n';
    expect(await facts(csv)).toEqual([
      ['000_050/12.mp4', ['A "dog", running\nfast']],
      ['13.mp4', ['a cat']],
    ]);
    const other = await facts(csv, { video: 'clips/{page_dir}/{}.webm' });
    expect(other.map((each) => (each as string[])[0])).toEqual([
      'clips/000_050/12.webm',
      'clips/13.webm',
    ]);
  });

  it('MSR-VTT: its table, its splits, its JSON', async () => {
    const csv =
      'key,vid_key,video_id,sentence\nret0,msr1,video1,a man\nret1,msr2,video2,"a ""dog"", running"\n';
    expect(await facts(csv)).toEqual([
      ['video1.mp4', ['a man']],
      ['video2.mp4', ['a "dog", running']],
    ]);
    const sentence = (id: string, caption: string): object => ({
      video_id: id,
      caption,
      sen_id: 0,
    });
    const json = {
      info: {},
      videos: [
        { video_id: 'video1', split: 'train' },
        { video_id: 'video2', split: 'validate' },
      ],
      sentences: [sentence('video1', 'a'), sentence('video2', 'b'), sentence('video1', 'c')],
    };
    expect(await facts(json)).toEqual([
      ['video1.mp4', ['a', 'c']],
      ['video2.mp4', ['b']],
    ]);
    expect(told).toEqual([
      '/list: it tells of splits (train 2, validate 1), and all are taken; --split names one.',
    ]);
    expect(await facts(json, { split: 'val' })).toEqual([['video2.mp4', ['b']]]);
    const split = await given('split.csv', 'video_id\nvideo2\n');
    expect(await facts(json, { split })).toEqual([['video2.mp4', ['b']]]);
    expect(await facts('video_id\nvideo7\n')).toEqual([['video7.mp4', []]]);
  });

  it('JSON Lines: the split of a line, and videos as ids', async () => {
    const lines = [
      '{"video": "a.mp4", "split": "train"}',
      '{"image": "b.png", "split": "testing"}',
    ];
    expect(await facts(lines.join('\n'), { split: 'test' })).toEqual([['b.png', []]]);
    expect(told).toEqual([]);
    expect(await facts(lines.join('\n'))).toHaveLength(2);
    expect(told).toEqual([
      '/list: it tells of splits (train 1, testing 1), and all are taken; --split names one.',
    ]);
    const split = await given('split.txt', 'b.png\n');
    expect(await facts(lines.join('\n'), { split })).toEqual([['b.png', []]]);
  });

  it('MSVD: captions by id, and splits of ids', async () => {
    const msvd = { x: ['a', 'b'], y: ['c'] };
    const split = await given('split.txt', 'y\n');
    expect(await facts(msvd, { split })).toEqual([['y.avi', ['c']]]);
    expect(await facts('bQJQGoJF7_k_162_169\n')).toEqual([['bQJQGoJF7_k_162_169.avi', []]]);
  });

  it('DiDeMo: a paragraph of moments, or each moment where most saw it', async () => {
    const moments = [
      {
        video: 'a.mov',
        description: 'first',
        times: [
          [0, 0],
          [1, 2],
          [1, 2],
        ],
      },
      { video: 'b.m4v', description: 'other', times: [[5, 5]] },
      { video: 'a.mov', description: 'then', times: [[3, 3]] },
    ];
    expect(await facts(moments)).toEqual([
      ['a.mov', ['first', 'then']],
      ['b.m4v', ['other']],
    ]);
    expect(await facts(moments, { parts: true })).toEqual([
      ['a.mov#t=5,15', ['first']],
      ['b.m4v#t=25,30', ['other']],
      ['a.mov#t=15,20', ['then']],
    ]);
  });

  it('ActivityNet Captions and TACoS: sentences in seconds, and in frames', async () => {
    const timestamps = [
      [0, 4.5],
      [4.5, 4.5],
      [5, 9],
    ];
    const sentences = ['One.', ' Two.', 'Three.'];
    const net = { v_1: { duration: 9, timestamps, sentences } };
    const whole = await facts(net, { video: 'clips/{}.mkv' });
    expect(whole).toEqual([['clips/v_1.mkv', ['One.', 'Two.', 'Three.']]]);
    expect(await facts(net, { parts: true })).toEqual([
      ['v_1.mp4#t=0,4.5', ['One.']],
      ['v_1.mp4#t=5,9', ['Three.']],
    ]);
    expect(told.join()).toMatch(
      /1 part of a video is left out. The first: .*list:1: .*got 4.5 to 4.5/,
    );
    const tacos = {
      's1.avi': { timestamps: [[30, 60]], sentences: ['He cuts.'], fps: 30, num_frames: 90 },
    };
    expect(await facts(tacos)).toEqual([['s1.avi#t=1,2', ['He cuts.']]]);
  });

  it('Charades and Charades-STA', async () => {
    expect(
      await facts('AMT7R 4.3 12.5##a person sits.\nAMT7R 4.3 12.5##they sit.\nB 0 2##x\n'),
    ).toEqual([
      ['AMT7R.mp4#t=4.3,12.5', ['a person sits.', 'they sit.']],
      ['B.mp4#t=0,2', ['x']],
    ]);
    const csv = 'id,script,descriptions,actions\r\nAB,He reads.,"One, two.;Three.",c1 0 1\r\n';
    expect(await facts(csv)).toEqual([['AB.mp4', ['He reads.', 'One, two.', 'Three.']]]);
  });

  it('EPIC-KITCHENS: narrations with their times', async () => {
    const csv =
      'narration_id,participant_id,video_id,start_timestamp,stop_timestamp,narration,verb,noun\n' +
      'P01_01_0,P01,P01_01,00:00:00.14,00:01:03.37,open door,open,door\n';
    expect(await facts(csv)).toEqual([
      ['P01/videos/P01_01.MP4#t=0.14,63.37', ['open door'], { noun: 'door', verb: 'open' }],
    ]);
    const again = `${csv}P01_01_1,P01,P01_01,00:00:00.14,00:01:03.37,close door,close,door\n`;
    await expect(facts(again)).rejects.toThrow(
      /two labels.*got \{"noun":"door","verb":"close"\} for "P01_01#t=0.14,63.37", which is \{"noun":"door","verb":"open"\}/,
    );
  });

  it('Kinetics: clips that are called by their seconds', async () => {
    const csv =
      'label,youtube_id,time_start,time_end,split,is_cc\n"air drumming",-3B32lodo2M,59,69,val,0\n';
    expect(await facts(csv)).toEqual([['-3B32lodo2M_000059_000069.mp4', [], 'air drumming']]);
    expect(await facts(csv, { split: 'validation', video: '{label}/{}.mp4' })).toEqual([
      ['air drumming/-3B32lodo2M.mp4', [], 'air drumming'],
    ]);
  });

  it('HMDB51: the number is the part of the split, not the class', async () => {
    const name = (title: string, rest: string): string => `${title}_${rest}_f_cm_np1_ba_med_0.avi`;
    const lines = [
      `${name('April_09_run', 'climb_stairs')} 1 `,
      `${name('(Rad)Schlag_die_Bank!', 'cartwheel')} 2 `,
      `${name('x', 'climb')} 0 `,
    ].join('\n');
    const [train, test, unused] = [
      ['climb_stairs/April_09_run_climb_stairs_f_cm_np1_ba_med_0.avi', [], 'climb_stairs'],
      ['cartwheel/(Rad)Schlag_die_Bank!_cartwheel_f_cm_np1_ba_med_0.avi', [], 'cartwheel'],
      ['climb/x_climb_f_cm_np1_ba_med_0.avi', [], 'climb'],
    ];
    expect(await facts(lines)).toEqual([train, test, unused]);
    expect(told.join()).toMatch(/train 1, test 1, unused 1/);
    expect(await facts(lines, { split: 'train' })).toEqual([train]);
    expect(await facts(lines, { split: 'test' })).toEqual([test]);
  });

  it('UCF101: training and test lists, whose classes are the folders', async () => {
    expect(await facts('Archery/v_Archery_g01_c01.avi 3\r\n')).toEqual(
      await facts('Archery/v_Archery_g01_c01.avi\r\n'),
    );
    expect(await facts('Archery/v_Archery_g01_c01.avi')).toEqual([
      ['Archery/v_Archery_g01_c01.avi', [], 'Archery'],
    ]);
  });

  it('Something-Something V2: captions, and templates as classes', async () => {
    const rows = [
      {
        id: '74',
        label: 'spinning cube',
        template: 'Spinning [something]',
        placeholders: ['cube'],
      },
    ];
    expect(await facts(rows)).toEqual([['74.webm', ['spinning cube'], 'Spinning something']]);
    expect(await facts([{ id: '9' }])).toEqual([['9.webm', []]]);
  });

  it('MMAction2: captions by file, and actions in time', async () => {
    expect(await facts({ 'a/b.mp4': ['x', 'y'] })).toEqual([['a/b.mp4', ['x', 'y']]]);
    const actions = {
      v_1: { fps: 30, annotations: [{ segment: [0.3, 0.6], label: 'Rock climbing' }] },
    };
    expect(await facts(actions)).toEqual([['v_1.mp4#t=0.3,0.6', [], 'Rock climbing']]);
    const database = { version: '1', database: { q: { subset: 'training', annotations: [] } } };
    expect(await facts(database)).toEqual([['q.mp4', []]]);
  });

  it('arrays and tables of anyone, with a path and a caption', async () => {
    expect(await facts([{ video: 'a b.mp4', caption: 'x', label: 3 }])).toEqual([
      ['a b.mp4', ['x'], '3'],
    ]);
    expect(await facts('file_name,text\na b.mp4,"x, y"\n')).toEqual([['a b.mp4', ['x, y']]]);
    expect(await facts('video\tcaption\tstart\tend\na.mp4\tx\t1\t2.5\n')).toEqual([
      ['a.mp4#t=1,2.5', ['x']],
    ]);
  });
});

describe('Parquet', () => {
  const fixture = (name: string): string =>
    join(import.meta.dirname, 'fixtures', `${name}.parquet`);

  it.each(['snappy', 'gzip', 'brotli', 'zstd', 'none'])(
    'is read with the codec %s',
    async (codec) => {
      const list = await readClipList(fixture(codec), () => {});
      expect(list.format).toBe('Parquet');
      expect(list.records.map(({ video, captions, label }) => [video, captions, label])).toEqual([
        ['clips/0.mp4', ['a dog'], '0'],
        ['clips/1.mp4', ['a cat'], '1'],
        ['clips/2.mp4', [], '0'],
        ['clips/3.mp4', ['a dog, again'], '1'],
        ['clips/4.mp4', ['é'], '0'],
        ['clips/5.mp4', [], '1'],
      ]);
      expect(list.badCaptions.count).toBe(1);
    },
  );

  it('has lists of captions, and parts', async () => {
    const { records } = await readClipList(fixture('parts'), () => {});
    expect(records.map(({ id, captions }) => [id, captions])).toEqual([
      ['a.mp4#t=0,2.5', ['one', 'two']],
      ['a.mp4#t=2.5,4', ['three']],
      ['b.mp4', []],
    ]);
  });

  it('is refused with what is wrong', async () => {
    const refusal = (path: string): Promise<unknown> =>
      readClipList(path, () => {}).catch((error: unknown) => error);
    expect(String(await refusal(fixture('embedded')))).toMatch(
      /the videos lie inside the Parquet file/,
    );
    const whole = await readFile(fixture('snappy'));
    const cut = join(folder, 'cut.parquet');
    await writeFile(cut, whole.subarray(0, 300));
    const error = await refusal(cut);
    expect(error).toBeInstanceOf(LacunaError);
    expect(String(error)).toMatch(/cut.parquet: the Parquet file cannot be decoded/);
  });

  it('whose few bytes stand for more values than memory holds is ended', async () => {
    // The run of levels of the first page, 4 values, becomes one of 2^27 - 1.
    const bytes = await readFile(fixture('none'));
    const run = bytes.indexOf(Buffer.from([2, 0, 0, 0, 8, 1])); // length 2, a run of 4, level 1
    expect(run).toBeGreaterThan(0);
    const bomb = Buffer.concat([
      bytes.subarray(0, run),
      Buffer.from([2, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f, 1]),
    ]);
    const path = join(folder, 'bomb.parquet');
    await writeFile(path, Buffer.concat([bomb, bytes.subarray(run + 10)]));
    const error = await parquetAnnotations(path, 64)
      .next()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LacunaError);
    expect(String(error)).toMatch(/takes too much to decode; got its process ended/);
  });
});

describe('what cannot be read', () => {
  it.each<[string | object, RegExp]>([
    [
      'key,video_id,sentence\nret0,a\n',
      /list:2: the row has another number of fields.*got 2.*expected 3/,
    ],
    ['video_id,sentence\na,"b\n', /list:2: the quotes of the line do not match/],
    ['video_id,sentence\n,b\n', /list:2: the row has nothing in the column "video_id"/],
    ['label,youtube_id,time_start,time_end\nx,y,1.5,2\n', /list:2: .*holds no whole seconds/],
    ['{"a": ["x"],\n "b": ["y"', /list:2: the annotations are not JSON; got the end is missing/],
    ['{"a": ["x"],\n "b" ["y"]}', /list:2: the annotations are not JSON; got a colon is missing/],
    ['{"a": ["x"]\n "b": ["y"]}', /list:2: .*a comma is missing/],
    ['{"a": ["x"]]', /the closing bracket is of the other kind/],
    ['{"a": ["x"]}\n]', /list:1: /],
    [`{"a": ${'['.repeat(200)}`, /more than 64 brackets deep/],
    [{ a: ['x'], b: 3 }, /list:1: these are no captions; got 3/],
    ['[{"video": "../a", "description": "b", "times": []}]', /not inside the data folder/],
    [{ '../../a': { timestamps: [[0, 1]], sentences: ['x'] } }, /not inside the data folder/],
    [{ a: { timestamps: [[0, 1]], sentences: [] } }, /not as many times as sentences/],
    [{ 'Doing something': '0' }, /a map of labels.*--label-names/],
    [[{ filename: 'a.mp4', label: { object: [1] } }], /several labels/],
    ['[1, 2]', /no annotations that are known/],
    ['[]', /the list has no videos/],
    [
      '{"question": "what?", "answer": "x"}\n{"question": "why?", "answer": "y"}',
      /a question and its answer/,
    ],
    ['id,name\n0,abseiling\n', /names of classes with their numbers/],
    ['A 1 2##x\nB 1\n', /list:2: the line is not like the first one.*VIDEO start end##sentence/],
    ['A/v_A_g01_c01.avi 1\nb.avi 1\n', /list:2: the line is not like the first one/],
    ['file_name,label\na.mp4,x\na.mp4,y\n', /list:3: .*two labels.*list:2/],
    [
      { a: { annotations: [{ segment: [3, 1], label: 'x' }] } },
      /the list has no videos; got .*got 3 to 1/,
    ],
  ])('%j', async (content, message) => {
    const error = await read(content).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LacunaError);
    expect(String(error)).toMatch(message);
  });

  it('a split that JSON Lines do not tell, or an id that they have not', async () => {
    const lines = '{"video": "a.mp4", "split": "train"}\n';
    await expect(read(lines, { split: 'val' })).rejects.toThrow(/no such split.*expected train 1/);
    await expect(read('{"video": "a.mp4"}\n', { split: 'val' })).rejects.toThrow(/not tell its/);
    const split = await given('ids.txt', 'a.mp4\nb.mp4\n');
    await expect(read(lines, { split })).rejects.toThrow(
      /ids.txt:2: an id of the split is not in the annotations; got "b.mp4"/,
    );
    await expect(read(lines, { parts: true })).rejects.toThrow(/--parts is for the annotations/);
  });

  it('lines that cannot be read, before splits and ids that they may have had', async () => {
    const broken = '{"video": "a.mp4"}\n{"video": "b.mp4", "split": "val"},\n';
    const split = await given('ids.txt', 'a.mp4\nb.mp4\n');
    await expect(read(broken, { split })).rejects.toThrow(/list:2: the line is no JSON object/);
    await expect(read(broken, { split: 'val' })).rejects.toThrow(/list:2: the line is no JSON/);
    // A line without a video is none that the split leaves out, and none that an id names.
    for (const ids of ['a.mp4\n', 'a.mp4\nundefined\n']) {
      const own = await given('own.txt', ids);
      await expect(read('{"video": "a.mp4"}\n{"label": "x"}\n', { split: own })).rejects.toThrow(
        /list:2: the video has no usable path/,
      );
    }
  });

  it('a split that the file does not tell, or an id that it has not', async () => {
    const path = await given('ids.txt', 'x\nz\n');
    await expect(read({ x: ['a'] }, { split: path })).rejects.toThrow(
      /ids.txt:2: an id of the split is not in the annotations; got "z"/,
    );
    await expect(read({ x: ['a'] }, { split: 'train' })).rejects.toThrow(
      /does not tell its splits.*\.\/train/,
    );
    const json = {
      videos: [{ video_id: 'a', split: 'train' }],
      sentences: [{ video_id: 'a', caption: 'x' }],
    };
    await expect(read(json, { split: 'test' })).rejects.toThrow(/no such split.*expected train 1/);
    await expect(read('a.mp4 1\n', { split: 'test' })).rejects.toThrow(
      /--split is for the annotations/,
    );
  });
});

describe('names of classes', () => {
  it.each([
    ['a\nb c\n', ['a', 'b c']],
    ['1 Apply\n2 Bowl\n', ['Apply', 'Bowl']],
    ['1 Apply\n3 Bowl\n', ['1 Apply', '3 Bowl']],
    ['id,name\r\n1,b\r\n0,"a, c"\r\n', ['a, c', 'b']],
    ['{\r\n "Doing":"1",\r\n "Being":"0"}', ['Being', 'Doing']],
  ])('%j', async (text, names) => {
    expect(await readLabelNames(await given('names', text))).toEqual(names);
  });

  it.each([
    ['{"a": "0", "b": "0"}', /names:1: the class has no number of its own; got "b": 0/],
    ['id,name\n0,a\n2,b\n', /names:3: the class has no number of its own/],
    ['{"a": "x"}', /got "a": NaN/],
  ])('refuses %j', async (text, message) => {
    await expect(readLabelNames(await given('names', text))).rejects.toThrow(message);
  });
});

/** Of the real files those that list no videos, and the sentence that says so. */
const NONE: Readonly<Record<string, RegExp>> = {
  'activitynet_captions/label_map.txt': /:1: the line names no video file/,
  'didemo/video_licenses.first200.txt': /:1: the line names no video file/,
  'hmdb51/class_list.txt': /:1: the line names no video file/,
  'hmdb51/hmdb51_labels.csv': /:1: these are the names of classes/,
  'kinetics/kinetics_400_labels.csv': /:1: these are the names of classes/,
  'kinetics/label_map_k400.txt': /:1: the line names no video file/,
  'kinetics/label_map_k600.txt': /:1: the line names no video file/,
  'kinetics/label_map_k700.txt': /:1: the line names no video file/,
  'mmaction2/hvu_video_test_anno.json':
    /:2: each video of this file has several labels|:1: each video/,
  'mmaction2/video_test_list.txt': /:2: the video is in the list twice/,
  'mmaction2/video_test_list_multi_label.txt': /:2: the line has several labels/,
  'moments/label_map.txt': /:1: the line names no video file/,
  'msrvtt/MSRVTT_QA_val.first200.jsonl': /:1: the line has a question and its answer/,
  'ours/labels.txt': /:1: the line names no video file/,
  'ssv2/contrastive_groups_list.txt': /:1: the line names no video file/,
  'ssv2/label_map_sthv2.txt': /:1: the line names no video file/,
  'ssv2/something-something-v2-labels.json': /:1: this is a map of labels/,
  'ucf101/classInd.txt': /:1: these are the names of classes/,
  'ucf101/ucf_labels.csv': /:1: these are the names of classes/,
};

/** Of the others how many records they have. */
const RECORDS: Readonly<Record<string, number>> = {
  'activitynet_captions/val.150videos.json': 150,
  'charades_sta/charades_sta_test.first300.txt': 214,
  'didemo/test_data.60videos.json': 60,
  'hmdb51/wave_test_split1.txt': 104,
  'kinetics/tiny_val.csv': 400,
  'msrvtt/MSRVTT_JSFUSION_test.csv': 1000,
  'msrvtt/MSRVTT_train.9k.csv': 9000,
  'msvd/captions_msvd.val100.json': 100,
  'ssv2/something-something-v2-validation.first300.json': 300,
  'ucf101/trainlist01.txt': 9537,
  'webvid/test_yt.csv': 3,
};

describe.skipIf(SHARED_DATA === undefined)(
  `the real files${SHARED_DATA === undefined ? ' (skipped: ../shared/data is absent)' : ''}`,
  () => {
    it('are read, each, or refused with the line and what they are', async () => {
      const root = join(SHARED_DATA ?? '', 'annotations');
      const files = await readdir(root, { recursive: true, withFileTypes: true });
      const seen: string[] = [];
      for (const file of files) {
        if (!file.isFile() || file.name === 'README.md') continue;
        const path = join(file.parentPath, file.name);
        const name = path.slice(root.length + 1);
        seen.push(name);
        const list = await readClipList(path, () => {}).catch((error: unknown) => error);
        if (list instanceof Error) {
          expect(list, name).toBeInstanceOf(LacunaError);
          expect(list.message, name).toMatch(NONE[name] ?? /^it should load$/);
          continue;
        }
        expect(Object.hasOwn(NONE, name), name).toBe(false);
        const { records, badCaptions } = list as ClipList;
        expect(badCaptions.count, name).toBe(0);
        if (RECORDS[name] !== undefined) expect(records.length, name).toBe(RECORDS[name]);
      }
      expect(seen).toEqual(expect.arrayContaining([...Object.keys(NONE), ...Object.keys(RECORDS)]));
    });
  },
);
