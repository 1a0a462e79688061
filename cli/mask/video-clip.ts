import { access } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { ClipReader, dataRootOf } from '../../data/index.js';
import type { ClipSource } from '../../run/masked-clip/masked-clip.js';
import { LacunaError } from '../../spec/index.js';

/** The clip of a video file. @throws LacunaError, when it is read, for one that cannot be. */
export function videoClip(video: string): ClipSource {
  return async (sampling) => {
    await access(video).catch(() => {
      throw new LacunaError({ where: video, what: 'there is no such file, or it cannot be read' });
    });
    const record = { id: video, video: basename(video), captions: [] };
    // A person names the file itself: it may be a link.
    const root = dataRootOf(dirname(video), true);
    const reader = await ClipReader.open({ root, records: [record], sampling });
    try {
      return await reader.readClip(record);
    } finally {
      await reader.close();
    }
  };
}
