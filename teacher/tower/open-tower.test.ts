import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Aligner } from '../aligner.js';
import { openTower } from './open-tower.js';

interface Expected {
  readonly captions: string[];
  readonly images: number[];
  readonly texts: number[];
  readonly patches: number[];
}
type Kind = 'clip' | 'siglip';
type Form = 'combined' | 'two files';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const COUNT = 3;
const SIZE = 32;
const PATCHES = 16;

/**
 * How far a float32 run may be from the float64 that was frozen, per entry of a unit vector: one
 * rounding of 2^-24 for each of the at most 64 terms of each of the 6 dot products (or means) in a
 * row of each of 2 layers and of the 4 before and after, all in the same direction.
 */
const BOUND = 64 * (2 * 6 + 4) * 2 ** -24;

const images = new Uint8Array(await readFile(join(FIXTURES, 'tower-images.bin')));
let scratch = '';
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lacuna-tower-'));
});
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

let made = 0;
async function towerFolder(kind: Kind, form: Form): Promise<string> {
  made += 1;
  const folder = join(scratch, `${kind}-${made}`);
  await mkdir(join(folder, 'onnx'), { recursive: true });
  for (const name of ['config', 'preprocessor_config', 'tokenizer', 'tokenizer_config']) {
    await cp(join(FIXTURES, kind, `${name}.json`), join(folder, `${name}.json`));
  }
  for (const name of form === 'combined' ? ['model'] : ['vision_model', 'text_model']) {
    const packed = await readFile(join(FIXTURES, kind, `${name}.onnx.gz`));
    await writeFile(join(folder, 'onnx', `${name}.onnx`), gunzipSync(packed));
  }
  return folder;
}

async function expected(kind: Kind): Promise<Expected> {
  return JSON.parse(await readFile(join(FIXTURES, kind, 'expected.json'), 'utf8'));
}

function farthest(ours: Float32Array, theirs: readonly number[]): number {
  expect(ours.length).toBe(theirs.length);
  return ours.reduce((most, x, i) => Math.max(most, Math.abs(x - (theirs[i] ?? Number.NaN))), 0);
}

describe.each<[Kind, Form, number]>([
  ['clip', 'combined', 20],
  ['clip', 'two files', 20],
  ['siglip', 'combined', 24],
  ['siglip', 'two files', 24],
])('a %s teacher, %s', (kind, form, width) => {
  let tower: Aligner;
  let from: Expected;
  beforeAll(async () => {
    tower = await openTower(await towerFolder(kind, form));
    from = await expected(kind);
  });
  afterAll(async () => {
    await tower.dispose();
  });

  it('says what it is', () => {
    expect(tower).toMatchObject({ width, size: SIZE, patch: 8 });
    expect(tower.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('embeds images as PyTorch does', async () => {
    const found = await tower.embedImages(images, COUNT);
    expect(farthest(found, from.images)).toBeLessThan(BOUND);
  });

  it('embeds captions as PyTorch does', async () => {
    const found = await tower.embedTexts(from.captions);
    expect(farthest(found, from.texts)).toBeLessThan(BOUND);
  });

  it('embeds patches as PyTorch does', async () => {
    const found = await tower.embedPatches(images, COUNT);
    expect(found.length).toBe(COUNT * PATCHES * width);
    expect(farthest(found, from.patches)).toBeLessThan(BOUND);
  });
});
