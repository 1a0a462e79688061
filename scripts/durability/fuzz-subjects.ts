import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  backendSubject,
  type CaseRecord,
  CHECKS,
  formatReport,
  junit,
  LEGAL_FLEET,
  markdown,
  readReport,
  recordCase,
  rejudge,
  runChecks,
  writeReport,
} from '../../conformance/index.js';
import { SimilarityStore } from '../../data/index.js';
import { readPlainFile } from '../../formats/index.js';
import { CheckpointReader, lastGoodCheckpoint } from '../../run/checkpoint.js';
import {
  RunFolder,
  readEvaluations,
  readManifest,
  readMetrics,
  readProblems,
} from '../../run/run-folder.js';
import { placedSettings } from '../../run/run-paths.js';
import { examineWeights } from '../../run/weights/examine-weights.js';
import { FIXTURES } from '../../run/weights/testing/fixtures.js';
import { openTower } from '../../teacher/tower/open-tower.js';
import { towerFolder } from '../../teacher/tower/testing/tower-fixture.js';
import { ARRAYS } from './arrays-subject.js';
import { LISTS } from './list-subjects.js';
import { hearPort, replayPort } from './replayed-port.js';
import { SHARD } from './shard-subject.js';
import { writeRun } from './small-run.js';
import { STILLS } from './still-subjects.js';

/** What is mutated: a folder that is whole, and what is done to a mutant of it. */
export interface Subject {
  make(folder: string): Promise<void>;
  use(folder: string): Promise<void>;
  /** After the last one. */
  end?(): void;
}

export const SUBJECTS: Readonly<Record<string, Subject>> = {
  run: {
    make: (folder) => writeRun(folder, 4, () => {}),
    use: async (folder) => {
      await placedSettings(folder, await readManifest(folder));
      await readMetrics(folder);
      await readEvaluations(folder);
      await readProblems(folder);
      const found = await lastGoodCheckpoint(join(folder, 'checkpoints'));
      if (found !== undefined) {
        const reader = await CheckpointReader.open(found);
        try {
          await reader.readAll([{ name: 'parameter', shape: [32] }]);
        } finally {
          await reader.close();
        }
      }
      await (await RunFolder.resume(folder, 'pretrain')).release();
      await writeRun(folder, 2, () => {});
    },
  },
  similarity: {
    make: async (folder) => {
      const store = await SimilarityStore.create(folder, {
        teacher: { name: 'teacher', digest: 'ab'.repeat(32) },
        form: 'dense',
        stride: 4,
        cells: 2,
      });
      for (const video of ['a.mp4', 'b/c.mp4']) await store.write(entryOf(video));
    },
    use: async (folder) => {
      const store = await SimilarityStore.open(folder);
      for (const video of ['a.mp4', 'b/c.mp4', 'none.mp4']) await store.look(video);
      for (const video of ['a.mp4', 'b/c.mp4', 'none.mp4']) await store.read(video);
      const lock = await store.lock();
      try {
        await store.write(entryOf('new.mp4'));
      } finally {
        await lock.release();
      }
    },
  },
  onnx: {
    make: async (folder) => {
      renameSync(await towerFolder(dirname(folder), 'clip', 'combined'), folder);
    },
    use: async (folder) => {
      // More threads are started and ended for each mutant, and find nothing.
      const tower = await openTower(folder, { threads: 1 });
      try {
        await tower.embedTexts(['a circle']);
        await tower.embedImages(new Uint8Array(tower.size ** 2 * 3), 1);
      } finally {
        await tower.dispose();
      }
    },
  },
  report: {
    make: async (folder) => {
      const outputs: CaseRecord[] = [];
      const report = await runChecks(backendSubject(honest()), {
        checks: REPORTED,
        cases: 2,
        onCase: (record) => outputs.push(record),
      });
      const recorded = await Promise.all(outputs.map(recordCase));
      mkdirSync(folder);
      writeFileSync(join(folder, 'report.json'), writeReport({ ...report, outputs: recorded }));
    },
    use: async (folder) => {
      const path = join(folder, 'report.json');
      const report = readReport((await readPlainFile(path, 2 ** 20)).toString('utf8'), path);
      formatReport(report);
      junit(report);
      markdown(report);
      rejudge(report, REPORTED);
    },
  },
  weights: weights('clip'),
  shards: weights('distilbert'),
  port: { make: (folder) => hearPort(folder, honest()), use: replayPort },
  ...LISTS,
  arrays: ARRAYS,
  shard: SHARD,
  ...STILLS,
};

/** A model as Hugging Face saves it, and what `lacuna import` does with it. */
function weights(fixture: string): Subject {
  return {
    make: async (folder) => {
      cpSync(join(FIXTURES, fixture), folder, { recursive: true });
      rmSync(join(folder, 'expected.safetensors'));
    },
    use: async (folder) => {
      const config = { preset: 'tiny-mac', clip: { size: 16 } };
      await examineWeights(folder, config, { onNote: () => {}, onProgress: () => {} });
    },
  };
}

/** Two checks of each kind that a report keeps outputs of, or does not. */
const REPORTED = CHECKS.filter(({ id }) =>
  /^(primitive\/(neg|add|tanh\/subnormal)|law\/.*)$/.test(id),
);

function honest(): ReturnType<(typeof LEGAL_FLEET)[number]['open']> {
  const [member] = LEGAL_FLEET;
  if (member === undefined) throw new Error('there is no legal backend');
  return member.open();
}

function entryOf(video: string): Parameters<SimilarityStore['write']>[0] {
  return {
    video,
    bytes: 100,
    width: 32,
    height: 32,
    frameCount: 8,
    stride: 4,
    rows: 2,
    columns: 2,
    captions: ['a circle', 'a square'],
    maps: Int16Array.from({ length: 16 }, (_, i) => i),
  };
}
