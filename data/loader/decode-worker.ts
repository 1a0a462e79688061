import { parentPort, workerData } from 'node:worker_threads';
import { LacunaError } from '../../spec/errors.js';
import { ClipDecoder } from './clip-decoder.js';
import type { DecodeOutcome, DecodeSetup, FromWorker, ToWorker } from './decode-messages.js';

/** The entry of a decoding worker: it answers jobs one after the other, each by a clip or a problem. */
async function main(): Promise<void> {
  let decoder: ClipDecoder;
  try {
    decoder = await ClipDecoder.open(workerData as DecodeSetup);
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    return answer({ kind: 'unavailable', facts: error.facts });
  }
  let last: Promise<void> = Promise.resolve();
  let stopping = false;
  parentPort?.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') {
      stopping = true;
      last = last.then(() => decoder.close()).then(() => process.exit(0));
    } else {
      last = last.then(async () => {
        if (!stopping) answerJob(message.key, await decoder.decode(message, message.verify));
      });
    }
  });
  answer({ kind: 'ready', backend: decoder.backend });
}

function answerJob(key: number, outcome: DecodeOutcome): void {
  if ('problem' in outcome) {
    answer({ kind: 'problem', key, ...outcome });
    return;
  }
  const { clip } = outcome;
  const maps = clip.motion === undefined ? [] : [clip.motion.map.buffer];
  answer({ kind: 'clip', key, clip }, [clip.video.buffer, ...maps]);
}

function answer(message: FromWorker, buffers: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, buffers);
}

await main();
