import { drawCaptions } from './captions.js';
import {
  type ClipAddress,
  clipStream,
  combination,
  testContents,
  trainContent,
} from './content.js';
import type { DemoOptions } from './demo-options.js';
import { type RenderedClip, renderClip } from './render-clip.js';
import { renderScene } from './scenes/render-scene.js';
import { drawSceneCaptions } from './scenes/scene-captions.js';
import { sceneCombination, testScenes, trainScene } from './scenes/scene-content.js';

/** A clip that is to be made: all of it is a function of version, options and address. */
export interface PlannedClip {
  readonly address: ClipAddress;
  /** What it shows, for `content.jsonl`. */
  readonly content: object;
  /** Its class: what the main object does. */
  readonly label: string;
  render(): RenderedClip;
  captions(): readonly string[];
}

/** Held-out clips first, then those to train on. */
export function plannedClips({
  version,
  ...options
}: Required<DemoOptions>): readonly PlannedClip[] {
  return version === 1
    ? plan(options, {
        test: testContents,
        train: trainContent,
        combination,
        label: ({ motion }) => motion,
        render: renderClip,
        captions: (content, address) => drawCaptions(content, clipStream(address, 'captions')),
      })
    : plan(options, {
        test: testScenes,
        train: trainScene,
        combination: sceneCombination,
        label: ({ action }) => action,
        render: renderScene,
        captions: (content, address) =>
          drawSceneCaptions(content, clipStream(address, 'sceneCaptions')),
      });
}

interface World<C extends object> {
  test(seed: number): readonly C[];
  train(seed: number, index: number, heldOut: ReadonlySet<string>): C;
  combination(content: C): string;
  label(content: C): string;
  render(content: C, address: ClipAddress): RenderedClip;
  captions(content: C, address: ClipAddress): readonly string[];
}

function plan<C extends object>(
  { seed, trainClips, testClips }: Omit<Required<DemoOptions>, 'version'>,
  world: World<C>,
): readonly PlannedClip[] {
  const held = world.test(seed);
  const heldOut = new Set(held.map((content) => world.combination(content)));
  const planned = (content: C, address: ClipAddress): PlannedClip => ({
    address,
    content,
    label: world.label(content),
    render: () => world.render(content, address),
    captions: () => world.captions(content, address),
  });
  const test = held
    .slice(0, testClips)
    .map((content, index) => planned(content, { seed, split: 'test', index }));
  const train = Array.from({ length: trainClips }, (_, index) =>
    planned(world.train(seed, index, heldOut), { seed, split: 'train', index }),
  );
  return [...test, ...train];
}
