/** What `bench/worth.ts` tells apart, and what it takes. */
export interface WorthSetUp {
  /** Of the demo data. */
  readonly version: 1 | 2;
  /** The key of a clip's content, and which of its values: all where none are named. */
  readonly key: string;
  readonly only?: readonly string[];
  /** Clips that are fine-tuned on, and clips that judge. */
  readonly labelled: number;
  readonly judged: number;
  readonly batch: number;
  readonly steps: number;
  readonly tuning: { readonly steps: number; readonly rate: number; readonly batch: number };
  readonly tubeRatio: number;
}

/** An attribute of a scene of version 2. */
const SCENE: Omit<WorthSetUp, 'key'> = {
  version: 2,
  labelled: 128,
  judged: 384,
  batch: 16,
  steps: 150,
  tuning: { steps: 80, rate: 2e-2, batch: 16 },
  tubeRatio: 0.9,
};

/** Where the object goes, of the clips of version 1 in which it goes somewhere. The trials of docs/reproduction.md led to it; this very set-up is none of them. */
const DIRECTION: WorthSetUp = {
  version: 1,
  key: 'motion',
  only: ['right', 'left', 'up', 'down'],
  labelled: 640,
  judged: 168,
  batch: 32,
  steps: 300,
  tuning: { steps: 300, rate: 8e-3, batch: 32 },
  tubeRatio: 0.5,
};

/** @param label `direction`, or a key of a scene's content: `colour`, `shape`, `action`, `place`. */
export function setUpOf(label: string): WorthSetUp {
  return label === 'direction' ? DIRECTION : { ...SCENE, key: label };
}
