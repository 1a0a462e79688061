/**
 * Where a video lies: a file, or bytes of a tar that are read in their place. Nothing is unpacked, so
 * that no name in a tar can lead anywhere.
 */
export type VideoPath = string | TarPlace;

/** The bytes of a member of a tar. */
export interface TarPlace {
  /** The real path of the tar. */
  readonly tar: string;
  /** Its name in the tar: for messages. */
  readonly name: string;
  /** Where its bytes begin, and how many they are; the file holds them all. */
  readonly offset: number;
  readonly bytes: number;
  /** Where these bytes are several members that follow each other, each a frame. @defaultValue one member */
  readonly pictures?: {
    readonly places: readonly { readonly offset: number; readonly bytes: number }[];
    /** Frames a second. @defaultValue not told */
    readonly rate?: number;
  };
}

/** The bytes of members of a tar that are the frames of one video. */
export type PicturesPlace = TarPlace & Required<Pick<TarPlace, 'pictures'>>;

/** What a video of pictures says of its container. */
export const PICTURES = 'pictures';

/** Whether a video is pictures that follow each other. */
export function isPictures(path: VideoPath): path is PicturesPlace {
  return typeof path !== 'string' && path.pictures !== undefined;
}

/** One of the pictures of a video, by itself. */
export function pictureAt({ tar, name, pictures }: PicturesPlace, index: number): TarPlace {
  const { offset, bytes } = pictures.places[index] ?? { offset: 0, bytes: 0 };
  return { tar, name: `${name} and what follows, picture ${index}`, offset, bytes };
}

/** Where in a tar a record's video lies, and which bytes they are. */
export interface MemberPlace {
  readonly offset: number;
  readonly bytes: number;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string;
  /** Where these are the frames of the video, each a member of its own: how many, and how many a second. */
  readonly pictures?: { readonly count: number; readonly rate?: number };
}

/** What messages call a video: its path, or that of the tar with the name in it. */
export function shownPath(path: VideoPath): string {
  return typeof path === 'string' ? path : `${path.tar}/${path.name}`;
}

/** The file that is opened for it. */
export function filePath(path: VideoPath): string {
  return typeof path === 'string' ? path : path.tar;
}

/** What FFmpeg opens: `file:PATH`, or the bytes of a file from `start` to `end` (its protocol `subfile`). */
export function inputUrl(path: VideoPath): string {
  if (typeof path === 'string') return `file:${path}`;
  const { tar, offset, bytes } = path;
  return `subfile,,start,${offset},end,${offset + bytes},,:file:${tar}`;
}

/** The protocols that FFmpeg may use for it, and no others. */
export function inputProtocols(path: VideoPath): string {
  return typeof path === 'string' ? 'file' : 'file,subfile';
}
