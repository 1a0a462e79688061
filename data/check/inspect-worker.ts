import { parentPort } from 'node:worker_threads';
import { LacunaError } from '../../spec/errors.js';
import { videoBackend } from '../video/video-backend.js';
import type { VideoBackend } from '../video/video-reader.js';
import { type InspectJob, inspectVideo, type VideoFacts } from './inspect-video.js';

/** What a worker answers to a job, by its number. */
export type InspectAnswer =
  | { readonly kind: 'facts'; readonly number: number; readonly facts: VideoFacts }
  | { readonly kind: 'failed'; readonly facts: LacunaError['facts'] };

/** The entry of a thread that looks at videos, one after the other; it is ended from outside between two. */
function main(): void {
  let backend: Promise<VideoBackend> | undefined;
  parentPort?.on(
    'message',
    ({ number, job }: { readonly number: number; readonly job: InspectJob }) => {
      backend ??= videoBackend('auto');
      backend
        .then(async (opened) => inspectVideo(opened, job))
        .then(
          (facts) => answer({ kind: 'facts', number, facts }),
          (error: unknown) =>
            answer({
              kind: 'failed',
              facts: error instanceof LacunaError ? error.facts : { what: String(error) },
            }),
        );
    },
  );
}

function answer(message: InspectAnswer): void {
  parentPort?.postMessage(message);
}

main();
