/** What tables of demo runs share: runs that go on where they were stopped, and means with deviations. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backend } from '../core/index.js';
import type { RunSettings } from '../run/index.js';
import { openAlignerWith } from '../teacher/index.js';
import { type PretrainEvent, pretrain, resumePretraining } from '../training/index.js';

/** Trains a run, goes on with one that was stopped, or leaves one that is done. */
export async function trainRun(
  settings: RunSettings,
  open: () => Promise<Backend>,
  onEvent?: (event: PretrainEvent) => void,
): Promise<void> {
  const options = {
    version: 'bench',
    openTeacher: (folder: string) => openAlignerWith(folder, open),
    ...(onEvent === undefined ? {} : { onEvent }),
  };
  const backend = await open();
  try {
    const begun = await readFile(join(settings.output, 'manifest.json')).catch(() => undefined);
    if (begun === undefined) await pretrain(settings, backend, options);
    else await resumePretraining(settings.output, backend, options);
  } finally {
    await backend.dispose();
  }
}

/** `12.3 ± 0.4`, of shares in per cent; `-` where there are none. */
export function spread(numbers: readonly (number | null)[], percent: boolean): string {
  const present = numbers.filter((number) => number !== null);
  if (present.length === 0) return '-';
  const mean = present.reduce((a, b) => a + b, 0) / present.length;
  const square = present.reduce((total, x) => total + (x - mean) ** 2, 0);
  const deviation = Math.sqrt(square / (present.length - 1));
  const [factor, digits] = percent ? [100, 1] : [1, 3];
  const centre = (factor * mean).toFixed(digits);
  return present.length > 1 ? `${centre} ± ${(factor * deviation).toFixed(digits)}` : centre;
}
