import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { paddedBytes, type TarMember, tarMembers } from '../../formats/tar.js';
import { LacunaError } from '../../spec/errors.js';
import { fieldsIn } from '../annotations/annotation.js';
import type { ClipRecord } from '../annotations/clip-record.js';
import { MAX_LINE_BYTES } from '../annotations/limits.js';
import { isPictureName, isVideoName } from '../annotations/list-folder.js';
import { labelOf, labelsOf, usableCaptions, videoPath } from '../annotations/record-fields.js';
import { MAX_RATE, MAX_VIDEO_FRAMES } from '../video/limits.js';
import { videoDigest } from '../video/video-file.js';
import type { MemberPlace } from '../video/video-path.js';

/** What lies in a shard. */
export interface ShardScan {
  /** The name of the tar. */
  readonly shard: string;
  /** Of each sample with a clip. */
  readonly records: readonly Omit<ClipRecord, 'id'>[];
  /** Where each sample of the tar begins, and where the last one ends. */
  readonly starts: readonly number[];
  /** Why captions were left out, a sentence each, of at most so many as a list tells of. */
  readonly badCaptions: readonly string[];
  /** Samples that have no video and no picture. */
  readonly withoutClip: number;
}

const MAX_BAD = 1000;
/** Samples of one tar: of clips stored as pictures it has many more members. */
const MAX_SAMPLES = 1_000_000;

/** Files that are called `KEY.0000.jpg`, `KEY.0001.jpg`, ...: the frames of a video, where they follow each other. */
interface Pictures {
  readonly first: TarMember;
  /** The number of the last. */
  readonly number: number;
  readonly count: number;
  /** Where the bytes of the last one end. */
  readonly end: number;
  /** False where another file lies between them, or a number is missing. */
  readonly isRun: boolean;
}

/** What of a sample is known. */
interface Sample {
  readonly start: number;
  clip?: TarMember;
  pictures?: Pictures;
  json?: TarMember;
  txt?: TarMember;
  cls?: TarMember;
}

/**
 * The samples of a WebDataset tar: files that follow each other and are called the same up to the first
 * dot. Of each: its video or picture, with its digest; its captions, from `.json` (`captions`, `caption` or
 * `text`) or else from `.txt`; its label, from `.json` (`label`, `labels`) or else from `.cls`.
 *
 * @throws LacunaError for what is no tar, and for texts in it that cannot be read.
 */
export async function scanShard(folder: string, shard: string): Promise<ShardScan> {
  const path = join(folder, shard);
  const starts: number[] = [];
  const samples: Sample[] = [];
  let known: string | undefined;
  let end = 0;
  for await (const member of tarMembers(path)) {
    const [key, ending] = partsOf(member.name);
    if (key !== known) {
      // The header before a member with a long name has blocks of its own before it.
      if (samples.length === MAX_SAMPLES) {
        throw new LacunaError({
          where: path,
          what: 'a shard has too many samples',
          expected: `at most ${MAX_SAMPLES}`,
        });
      }
      starts.push(end);
      samples.push({ start: end });
      known = key;
    }
    const before = end;
    end = member.offset + paddedBytes(member.bytes);
    const sample = samples.at(-1) as Sample;
    if (ending === 'json' || ending === 'txt' || ending === 'cls') sample[ending] = member;
    else if (isVideoName(member.name) || isPictureName(member.name)) sample.clip ??= member;
    const number = /^(\d{1,9})\.(?:png|jpe?g|webp)$/.exec(ending)?.[1];
    if (number !== undefined)
      sample.pictures = withPicture(sample.pictures, member, Number(number), before);
  }
  starts.push(end);
  const records: Omit<ClipRecord, 'id'>[] = [];
  const badCaptions: string[] = [];
  const file = await open(path, 'r');
  try {
    for (const { clip, pictures, json, txt, cls } of samples) {
      if (clip === undefined) continue;
      const where = `${path}/${clip.name}`;
      const text = async (member: TarMember): Promise<string> => {
        if (member.bytes > MAX_LINE_BYTES) throw notText(`${path}/${member.name}`);
        const bytes = Buffer.alloc(member.bytes);
        await file.read(bytes, 0, member.bytes, member.offset);
        return utf8(`${path}/${member.name}`, bytes);
      };
      const fields = json === undefined ? {} : parsed(`${path}/${json.name}`, await text(json));
      const told = fields.captions ?? fields.caption ?? fields.text;
      const own = told ?? (txt === undefined ? undefined : await text(txt));
      const { captions, bad } = usableCaptions(where, own);
      for (const error of bad) if (badCaptions.length < MAX_BAD) badCaptions.push(error.message);
      const labels = labelsOf(where, fields.labels);
      // A record has one or several: the several say more.
      const one = fields.label ?? (cls && (await text(cls)));
      const label = labels === undefined ? labelOf(where, one) : undefined;
      const { name, offset } = clip;
      // One picture by itself is a still one.
      const isRun = pictures?.isRun === true && pictures.first === clip && pictures.count > 1;
      if (isRun && pictures.count > MAX_VIDEO_FRAMES) {
        throw new LacunaError({
          where,
          what: 'a clip has too many pictures',
          got: String(pictures.count),
          expected: `at most ${MAX_VIDEO_FRAMES}`,
        });
      }
      const bytes = isRun ? pictures.end - offset : clip.bytes;
      const sha256 = await videoDigest({ tar: path, name, offset, bytes });
      const place = { offset, bytes, sha256 };
      records.push({
        video: videoPath(where, `${shard}/${clip.name.replace(/^\.\//, '')}`),
        captions,
        ...(label === undefined ? {} : { label }),
        ...(labels === undefined ? {} : { labels }),
        member: isRun ? { ...place, pictures: runOf(pictures, fields.rate) } : place,
      });
    }
  } finally {
    await file.close();
  }
  return { shard, records, starts, badCaptions, withoutClip: samples.length - records.length };
}

/** What is known of a sample's pictures with one more; `before` is where the member before it ends. */
function withPicture(
  known: Pictures | undefined,
  member: TarMember,
  number: number,
  before: number,
): Pictures {
  const end = member.offset + member.bytes;
  if (known === undefined) return { first: member, number, count: 1, end, isRun: true };
  const follows = number === known.number + 1 && before === paddedBytes(known.end);
  const { first, count, isRun } = known;
  return { first, number, count: count + 1, end, isRun: isRun && follows };
}

/** Pictures as the index tells them; a rate that is none is not told. */
function runOf({ count }: Pictures, rate: unknown): Exclude<MemberPlace['pictures'], undefined> {
  const isRate = typeof rate === 'number' && rate > 0 && rate <= MAX_RATE;
  return { count, ...(isRate ? { rate } : {}) };
}

/** Energon's index of a tar: where each sample begins and the last one ends, as 64 bits, low byte first. */
export function tarIndex({ starts }: ShardScan): Uint8Array {
  const bytes = Buffer.alloc(8 * starts.length);
  starts.forEach((start, i) => {
    bytes.writeBigUInt64LE(BigInt(start), 8 * i);
  });
  return bytes;
}

/** A name up to the first dot behind the last slash, and what is behind it. */
function partsOf(name: string): readonly [key: string, ending: string] {
  const file = basename(name);
  const dot = file.indexOf('.');
  if (dot < 0) return [name, ''];
  return [name.slice(0, name.length - file.length + dot), file.slice(dot + 1).toLowerCase()];
}

function parsed(where: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return fieldsIn(JSON.parse(text));
  } catch (cause) {
    throw new LacunaError(
      { where, what: 'what a shard says of a clip is not JSON', expected: '{"captions": ["..."]}' },
      { cause },
    );
  }
}

function utf8(where: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new LacunaError({ where, what: 'the text is not UTF-8' }, { cause });
  }
}

function notText(where: string): LacunaError {
  return new LacunaError({
    where,
    what: 'the text about a clip is too long',
    expected: `at most ${MAX_LINE_BYTES} bytes`,
  });
}
