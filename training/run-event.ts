import type { LoopEvent } from './loop.js';

/** What happens in a run folder, for whoever shows it: once it is ready, with the folder and its manifest. */
export type RunEvent<Manifest> =
  | Exclude<LoopEvent, { kind: 'ready' }>
  | (Extract<LoopEvent, { kind: 'ready' }> & {
      readonly folder: string;
      readonly manifest: Manifest;
    });

/** The loop's events as those of a folder. */
export function inFolder<Manifest>(
  { path, manifest }: { readonly path: string; readonly manifest: Manifest },
  onEvent: ((event: RunEvent<Manifest>) => void) | undefined,
): (event: LoopEvent) => void {
  return (event) =>
    onEvent?.(event.kind === 'ready' ? { ...event, folder: path, manifest } : event);
}
