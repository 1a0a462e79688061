import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gatherClips } from '../../data/annotations/gather-clips.js';
import { headOf } from '../../data/annotations/head-of.js';
import { ParquetProcess, parquet } from '../../data/annotations/parquet.js';
import { type ClipList, readClipList, readLabelNames } from '../../data/index.js';
import { LacunaError } from '../../spec/index.js';
import type { Subject } from './fuzz-subjects.js';

const HMDB = '_wave_f_cm_np1_ba_med_0.avi';

/** An annotation file of each kind. */
const TEXTS: Readonly<Record<string, string>> = {
  'lines.jsonl':
    '{"video": "a.mp4", "captions": ["x", "y"], "label": 3}\n{"file_name": "b.mp4", "start": 1.5, "end": 3, "text": "z"}\n{"video": "b.mp4", "frames": [3, 9]}\n',
  'videomae.csv': 'a/b.mp4 3\nc.mp4 -1\n',
  'videomae2.txt': 'a.mp4 30 64\nb.mp4 0 -1\n',
  'webvid.csv': 'videoid,name,page_dir\n12,"A ""dog"", runs\nfast",0_50\n13,a cat,0_50\n',
  'msrvtt.csv': 'key,vid_key,video_id,sentence\nret0,msr1,video1,a man\n',
  'msrvtt.json':
    '{"info": {}, "videos": [{"video_id": "video1", "split": "train"}],\n "sentences": [{"video_id": "video1", "caption": "a"}]}',
  'msvd.json': '{"x_1_2": ["a", "b"],\n "y_3_4": ["c"]}',
  'msvd.txt': 'bQJQGoJF7_k_162_169\nbSIjZ75a50s_286_304\n',
  'didemo.json':
    '[{"video": "a.mov", "description": "first", "times": [[0, 0], [1, 2]], "num_segments": 6},\n {"video": "b.mov", "description": "x", "times": [[5, 5]]}]',
  'activitynet.json':
    '{"v_1": {"duration": 9, "timestamps": [[0, 4.5], [5, 9]], "sentences": ["One.", " Two."]}}',
  'tacos.json':
    '{"s1.avi": {"timestamps": [[30, 60]], "sentences": ["He cuts."], "fps": 29.4, "num_frames": 90}}',
  'charades-sta.txt': 'AMT7R 4.3 12.5##a person sits.\nB 0 2##x\n',
  'charades.csv': 'id,script,descriptions,actions\nAB,He reads.,"One, two.;Three.",c1 0 1\n',
  'epic.csv':
    'narration_id,participant_id,video_id,start_timestamp,stop_timestamp,narration,verb,noun\nP01_01_0,P01,P01_01,00:00:00.14,00:01:03.37,open door,open,door\n',
  'kinetics.csv':
    'label,youtube_id,time_start,time_end,split\n"air drumming",-3B32lodo2M,59,69,val\n',
  'hmdb51.txt': `a${HMDB} 1 \nb${HMDB} 2 \n`,
  'ucf101.txt': 'Archery/v_Archery_g01_c01.avi 3\n',
  'ssv2.json':
    '[{"id": "74", "label": "spinning cube", "template": "Spinning [something]", "placeholders": ["cube"]}]',
  'actions.json': '{"v_1": {"fps": 30, "annotations": [{"segment": [0.3, 0.6], "label": "x"}]}}',
  'array.json': '[{"video": "a.mp4", "caption": "x", "label": 3, "start": 1, "end": 2}]',
  'table.tsv': 'video\tcaption\tstart\tend\na.mp4\tx\t1\t2.5\n',
  'names.csv': 'id,name\n1,b\n0,a\n',
  'names.json': '{"Doing": "1", "Being": "0"}',
  'names.txt': '1 Apply\n2 Bowl\n',
};

const decoder = new ParquetProcess();

const FIXTURES = join(import.meta.dirname, '../../data/annotations/fixtures');
const PARQUET = new Map(
  readdirSync(FIXTURES)
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => [name, readFileSync(join(FIXTURES, name))]),
);

/** Annotation files, as text and as Parquet, and their readers. */
export const LISTS: Readonly<Record<string, Subject>> = {
  lists: lists(new Map(Object.entries(TEXTS).map(([name, text]) => [name, Buffer.from(text)]))),
  parquet: lists(PARQUET),
};

function lists(whole: ReadonlyMap<string, Buffer>): Subject {
  return {
    make: async (folder) => {
      mkdirSync(folder);
      for (const [name, bytes] of whole) writeFileSync(join(folder, name), bytes);
    },
    use: async (folder) => {
      for (const [name, bytes] of whole) {
        const path = join(folder, name);
        if (isSame(path, bytes)) continue;
        // All readers see it; the first refusal is told.
        const refusals: unknown[] = [];
        const readers = [
          () => read(path, {}),
          () => read(path, { parts: true, split: 'train' }),
          () => (name.endsWith('.parquet') ? decoder.facts(path) : readLabelNames(path)),
        ];
        for (const reader of readers) {
          await reader().catch((error: unknown) => {
            if (!(error instanceof LacunaError)) throw error;
            refusals.push(error);
          });
        }
        if (refusals.length === readers.length) throw refusals[0];
      }
    },
    end: () => decoder.end(),
  };
}

/** The list of a file. One process decodes many: to start one for each took a hundred times as long as to read it. */
async function read(path: string, options: Parameters<typeof gatherClips>[3]): Promise<ClipList> {
  if (path.endsWith('.parquet') && (await headOf(path)).kind === 'parquet')
    return gatherClips(path, parquet, decoder.annotations(path), options, () => {});
  return readClipList(path, () => {}, options);
}

function isSame(path: string, bytes: Buffer): boolean {
  try {
    return statSync(path).isFile() && readFileSync(path).equals(bytes);
  } catch {
    return false;
  }
}
