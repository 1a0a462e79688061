import { drawCaptions } from './captions.js';
import {
  type ClipAddress,
  clipStream,
  combination,
  type DemoContent,
  testContents,
  trainContent,
} from './content.js';
import { CLIP_FOLDER } from './demo-manifest.js';
import type { DemoOptions, DemoVersion } from './demo-options.js';
import { type RenderedClip, renderClip } from './render-clip.js';
import { renderScene } from './scenes/render-scene.js';
import { drawSceneCaptions } from './scenes/scene-captions.js';
import {
  type SceneContent,
  sceneCombination,
  testScenes,
  trainScene,
} from './scenes/scene-content.js';

/** A clip that is to be made: all of it is a function of version, options and address. */
export interface PlannedClip {
  readonly address: ClipAddress;
  /** The name of its file in the data folder. */
  readonly video: string;
  /** What it shows, for `content.jsonl`. */
  readonly content: object;
  /** Its line of `train.jsonl` or `test.jsonl`: file, captions, and its class, what the main object does. */
  line(): string;
  /** Draws the frames that are wanted, in ascending order; all where that is left out. */
  render(wanted?: ReadonlySet<number>): RenderedClip;
}

/** Held-out clips first, then those to train on. */
export function plannedClips({
  version,
  seed,
  trainClips,
  testClips,
}: Required<DemoOptions>): readonly PlannedClip[] {
  const planned = (split: ClipAddress['split'], count: number): PlannedClip[] =>
    Array.from(
      { length: count },
      (_, index) => plannedClip(version, { seed, split, index }) as PlannedClip,
    );
  return [...planned('test', testClips), ...planned('train', trainClips)];
}

/** The clip at an address; undefined beyond the held-out clips, which are as many as there are contents for. */
export function plannedClip(version: DemoVersion, address: ClipAddress): PlannedClip | undefined {
  return version === 1 ? planIn(FIRST, address) : planIn(SCENES, address);
}

/** How a version draws; what is held out is made once for a seed. */
interface World<C extends object> {
  readonly heldOut: Map<number, { readonly contents: readonly C[]; readonly all: Set<string> }>;
  test(seed: number): readonly C[];
  train(seed: number, index: number, heldOut: ReadonlySet<string>): C;
  combination(content: C): string;
  label(content: C): string;
  render(content: C, address: ClipAddress, wanted?: ReadonlySet<number>): RenderedClip;
  captions(content: C, address: ClipAddress): readonly string[];
}

const FIRST: World<DemoContent> = {
  heldOut: new Map(),
  test: testContents,
  train: trainContent,
  combination,
  label: ({ motion }) => motion,
  render: renderClip,
  captions: (content, address) => drawCaptions(content, clipStream(address, 'captions')),
};

const SCENES: World<SceneContent> = {
  heldOut: new Map(),
  test: testScenes,
  train: trainScene,
  combination: sceneCombination,
  label: ({ action }) => action,
  render: renderScene,
  captions: (content, address) => drawSceneCaptions(content, clipStream(address, 'sceneCaptions')),
};

function planIn<C extends object>(world: World<C>, address: ClipAddress): PlannedClip | undefined {
  const { seed, split, index } = address;
  const { contents, all } = heldOutOf(world, seed);
  const content = split === 'train' ? world.train(seed, index, all) : contents[index];
  if (content === undefined) return undefined;
  const video = `${CLIP_FOLDER}/${split}-${String(index).padStart(5, '0')}.mp4`;
  return {
    address,
    video,
    content,
    line: () =>
      JSON.stringify({
        video,
        captions: world.captions(content, address),
        label: world.label(content),
      }),
    render: (wanted) => world.render(content, address, wanted),
  };
}

/** Seeds whose held-out contents are kept: files of drawn clips may name any. */
const KEPT_SEEDS = 4;

function heldOutOf<C extends object>(world: World<C>, seed: number) {
  const { heldOut } = world;
  const known = heldOut.get(seed);
  if (known !== undefined) return known;
  if (heldOut.size >= KEPT_SEEDS) heldOut.clear();
  const contents = world.test(seed);
  const made = { contents, all: new Set(contents.map((each) => world.combination(each))) };
  heldOut.set(seed, made);
  return made;
}
