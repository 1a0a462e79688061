import { encode } from 'fast-png';
import { loadClipEncoder } from '../../data/index.js';
import { replaceFile, replaceFileBy } from '../../formats/whole-file.js';
import type { Canvas } from '../../run/masked-clip/canvas.js';
import { contactSheet, filmFrames } from '../../run/masked-clip/mask-pictures.js';
import type { ClipMask } from '../../run/masked-clip/masked-clip.js';
import { LacunaError, type MaskKindName } from '../../spec/index.js';

const FRAMES_PER_SECOND = 6;
/** A clip of this many frames or fewer is shown several times over. */
const SHORTEST_FILM = 48;

/** Writes the picture of a clip's mask: a contact sheet (.png) or a film (.mp4), whole or not at all. */
export async function writeMaskPicture(
  path: string,
  clip: ClipMask,
  kind: MaskKindName,
): Promise<void> {
  if (path.endsWith('.png')) {
    const { width, height, data } = contactSheet(clip, kind);
    await replaceFile(path, encode({ width, height, data, channels: 3, depth: 8 }));
    return;
  }
  const encodeFilm = await loadClipEncoder();
  const frames = filmFrames(clip, kind);
  const [{ width, height }] = frames as [Canvas];
  const repeats = Math.max(1, Math.floor(SHORTEST_FILM / frames.length));
  const pictures = frames.map((frame) => frame.toYuv());
  const film = Array.from({ length: repeats }, () => pictures).flat();
  await replaceFileBy(path, async (partial) => {
    encodeFilm(partial, film, { width, height, framesPerSecond: FRAMES_PER_SECOND });
  });
}

/** @throws LacunaError for a name that is neither a picture nor a film. */
export function checkPicturePath(path: string): void {
  if (/[^/\\]\.(png|mp4)$/.test(path)) return;
  throw new LacunaError({
    what: 'the output is neither a picture nor a film',
    where: '--output',
    got: path,
    expected: 'a file name that ends in .png or .mp4',
  });
}
