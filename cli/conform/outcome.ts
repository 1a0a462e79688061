import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome, RetrievalCount } from '../../conformance/index.js';
import { readClipList } from '../../data/index.js';
import { evaluate, retrieval } from '../../evaluation/index.js';
import { LacunaError } from '../../spec/index.js';
import { type DemoFlags, demoData, demoSettings, train } from '../demo/demo-run.js';
import { note } from '../note.js';
import { openBackend } from '../open-backend.js';
import type { ConformFlags } from './options.js';

/** Steps of each of the two runs: about half a minute on two cores, and enough to learn. */
const STEPS = '60';

/** On a GPU in software: a model that learns as much with a hundredth of the arithmetic. */
const SMALL = {
  steps: '150',
  set: [
    'objective=contrastive',
    'clip.frames=2',
    'mask.ratio=0.5',
    'encoder.width=64',
    'encoder.depth=1',
    'encoder.heads=2',
    'text.width=64',
    'text.depth=1',
    'text.heads=2',
  ],
} as const;

/** Trains the demo model on a backend, and its control on shuffled captions. */
export async function demoOutcome(
  { backend, device, threads, precision, port }: ConformFlags,
  seed: number,
): Promise<Outcome> {
  if (port !== undefined) throw new LacunaError({ what: 'a port does not train', got: port });
  const runs = await mkdtemp(join(tmpdir(), 'lacuna-outcome-'));
  try {
    const flags: DemoFlags = {
      data: 'demo-data',
      runs,
      steps: STEPS,
      seed: String(seed),
      ...(backend === undefined ? {} : { backend }),
      ...(device === undefined ? {} : { device }),
      ...(threads === undefined ? {} : { threads }),
      ...(precision === undefined ? {} : { precision }),
    };
    const data = await demoData(flags.data);
    const { records } = await readClipList(data.testList, note);
    const found: RetrievalCount[] = [];
    for (const pairing of ['own', 'shuffled'] as const) {
      const output = join(runs, pairing);
      const opened = await openBackend(await demoSettings(flags, data, output, pairing));
      const own = opened.info.emulated === true ? { ...flags, ...SMALL } : flags;
      const settings = await demoSettings(own, data, output, pairing);
      try {
        const model = await train(settings, opened);
        if (model === undefined) throw new LacunaError({ what: 'the training was stopped' });
        const { textToVideo } = await evaluate(retrieval, model, records, data.folder);
        const { recallAt1, queries, gallery } = textToVideo;
        found.push({ hits: Math.round(recallAt1 * queries), queries, gallery });
      } finally {
        await opened.dispose();
      }
    }
    const [trained, shuffled] = found as [RetrievalCount, RetrievalCount];
    return { trained, shuffled };
  } finally {
    await rm(runs, { recursive: true });
  }
}
