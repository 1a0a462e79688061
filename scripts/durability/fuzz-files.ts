import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { SimilarityStore } from '../../data/index.js';
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
import { LacunaError } from '../../spec/index.js';
import { openTower } from '../../teacher/tower/open-tower.js';
import { towerFolder } from '../../teacher/tower/testing/tower-fixture.js';
import { type Draw, drawsOf, oneOf } from './draws.js';
import { writeRun } from './small-run.js';

/** Longer than any of these folders takes, by far. */
const MAX_SECONDS = 10;

export interface Fuzzed {
  readonly mutants: number;
  /** Of them those that were refused; the others were read. */
  readonly refused: number;
  /** A sentence for each that met an error which is none of ours, took too long, or changed a file outside. */
  readonly faults: readonly string[];
}

/** What is mutated: a folder that is whole, and what is done to a mutant of it. */
interface Subject {
  make(folder: string): Promise<void>;
  use(folder: string): Promise<void>;
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
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
      const tower = await openTower(folder);
      try {
        await tower.embedTexts(['a circle']);
        await tower.embedImages(new Uint8Array(tower.size ** 2 * 3), 1);
      } finally {
        await tower.dispose();
      }
    },
  },
  weights: weights('clip'),
  shards: weights('distilbert'),
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

/** Mutates the files of a subject's folder, `count` times. */
export async function fuzzFiles(name: string, count: number, seed: number): Promise<Fuzzed> {
  const subject = SUBJECTS[name];
  if (subject === undefined) throw new Error(`there is no subject ${name}`);
  const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const base = mkdtempSync(join(memory, 'lacuna-fuzz-'));
  const whole = join(base, 'whole');
  const mutant = join(base, 'mutant');
  const outside = join(base, 'outside');
  const draw = drawsOf(seed);
  const faults: string[] = [];
  let refused = 0;
  try {
    await subject.make(whole);
    mkdirSync(outside);
    writeFileSync(join(outside, 'theirs'), 'theirs');
    cpSync(whole, join(outside, 'folder'), { recursive: true });
    const before = contentOf(outside);
    for (let i = 0; i < count; i++) {
      cpSync(whole, mutant, { recursive: true });
      const what = mutate(mutant, outside, draw);
      const start = performance.now();
      try {
        await subject.use(mutant);
      } catch (error) {
        if (error instanceof LacunaError) refused++;
        else faults.push(`${i}, ${what}: ${error instanceof Error ? error.stack : String(error)}`);
      }
      if (performance.now() - start > MAX_SECONDS * 1000) faults.push(`${i}, ${what}: too slow`);
      if (contentOf(outside) !== before) {
        faults.push(`${i}, ${what}: a file outside was changed`);
        break;
      }
      rmSync(mutant, { recursive: true });
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
  return { mutants: count, refused, faults };
}

/** Numbers and texts that readers stumble over. */
const VALUES = [
  '-1',
  '0',
  '1e308',
  '1e999',
  '9007199254740993',
  'null',
  'true',
  '""',
  '[]',
  '{}',
  '"\\u0000"',
  '"../../x"',
  '{"__proto__":1}',
  `"${'a'.repeat(70_000)}"`,
  '['.repeat(10_000),
];

/** Changes one thing in a folder and says what. */
function mutate(folder: string, outside: string, draw: Draw): string {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const entry = oneOf(entries, draw);
  const path = join(entry.parentPath, entry.name);
  const name = relative(folder, path);
  if (entry.isDirectory() || draw() < 0.05) {
    rmSync(path, { recursive: true });
    if (draw() < 0.3) return `${name} is gone`;
    const target = oneOf(['theirs', 'folder', 'nowhere', relative('/', path)], draw);
    symlinkSync(join(outside, target), path);
    return `${name} leads to ${target}`;
  }
  const bytes = readFileSync(path);
  const changed = mutated(bytes, draw);
  writeFileSync(path, changed);
  return `${name} is ${changed.toString('latin1').slice(0, 200)}`;
}

function mutated(bytes: Buffer, draw: Draw): Buffer {
  const at = Math.floor(draw() * (bytes.length + 1));
  const kind = draw();
  if (kind < 0.2) return bytes.subarray(0, at);
  if (kind < 0.4) {
    const result = Buffer.from(bytes);
    for (let i = 0; i < 1 + draw() * 4; i++) {
      result[Math.floor(draw() * result.length)] = Math.floor(draw() * 256);
    }
    return result;
  }
  if (kind < 0.6) {
    const end = Math.min(bytes.length, at + Math.floor(draw() * 64));
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
  }
  if (kind < 0.7) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.floor(at / 2))]);
  // A value of JSON, or what looks like one, by another.
  const text = bytes.toString('latin1');
  const found = [...text.matchAll(/(?<=: ?)("[^"]*"|-?[\d.e+]+|true|false|\[[^\]]*\])/g)];
  if (found.length === 0)
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from('\xff\xff\xff\xff\x0f', 'latin1'),
      bytes.subarray(at),
    ]);
  const { index, 0: value } = oneOf(found, draw);
  return Buffer.from(
    text.slice(0, index) + oneOf(VALUES, draw) + text.slice(index + value.length),
    'latin1',
  );
}

function contentOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return `${path} ${entry.isFile() ? readFileSync(path, 'latin1') : ''}`;
    })
    .sort()
    .join('\n');
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
