import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { codeOf } from '../../formats/file-operations.js';
import { tarMembersAt } from '../../formats/tar.js';
import { LacunaError } from '../../spec/errors.js';
import type { ClipRecord } from '../annotations/clip-record.js';
import { refusal } from './refusal.js';
import type { VideoPath } from './video-path.js';

/** The folder that the paths of a list start from; and, where they may, that links in it lead out of it. */
export type DataRoot = string | { readonly folder: string; readonly followLinks: true };

/** The root of a folder, whose links are followed only where a person says so. */
export function dataRootOf(folder: string, followLinks: boolean | undefined): DataRoot {
  return followLinks === true ? { folder, followLinks } : folder;
}

/** The folder of a root. */
export function rootFolder(root: DataRoot): string {
  return typeof root === 'string' ? root : root.folder;
}

/**
 * The real path of the file `name` of a root, free of links. A name that leads out of the folder is
 * refused, and so is a link in it that does, unless the root says to follow those.
 */
export async function fileInRoot(root: DataRoot, name: string): Promise<string> {
  const folder = await realPath(rootFolder(root), 'the data folder cannot be read');
  const named = resolve(folder, name);
  const path = await realPath(named, 'the file cannot be read');
  if (!isInside(folder, named)) {
    throw leadsOut(name, 'Choose as the data folder the one that really holds the videos.');
  }
  if (typeof root === 'string' && !isInside(folder, path)) {
    throw leadsOut(
      name,
      'A link leads there. Choose as the data folder the one that really holds the videos, or say that links may be followed: --follow-links (in a configuration, data.followLinks).',
    );
  }
  return path;
}

/**
 * Where the video of a record lies: a file of the root; or, where the record says its place in a tar, the
 * bytes there, `shard.tar/a.mp4` being the file `a.mp4` in `shard.tar`.
 *
 * @throws LacunaError as `fileInRoot`, and for a tar that has no such file in that place.
 */
export async function videoInRoot(
  root: DataRoot,
  { video, member }: Pick<ClipRecord, 'video' | 'member'>,
): Promise<VideoPath> {
  if (member === undefined) return fileInRoot(root, video);
  const { offset, bytes, pictures } = member;
  const [, file, name] = /^(.*?\.tar)\/(.+)$/s.exec(video) ?? [];
  if (file !== undefined && name !== undefined) {
    const tar = await fileInRoot(root, file);
    const places = await tarMembersAt(tar, { offset, bytes }, pictures?.count ?? 1);
    const { rate } = pictures ?? {};
    if (places !== undefined) {
      const place = { tar, name, offset, bytes };
      if (pictures === undefined) return place;
      return { ...place, pictures: { places, ...(rate === undefined ? {} : { rate }) } };
    }
  }
  throw new LacunaError({
    what: 'the list says where in a tar the video lies, and it does not lie there',
    where: video,
    got: `${bytes} bytes from byte ${offset} on`,
    fix: 'Make the index of the shards again: lacuna shard FOLDER --index',
  });
}

function isInside(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return !(inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside));
}

function leadsOut(where: string, fix: string): LacunaError {
  return new LacunaError({ what: 'the path leads out of the data folder', where, fix });
}

async function realPath(path: string, what: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw refusal(path, `${what} (${codeOf(error)})`);
  }
}
