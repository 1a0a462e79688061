import { sha256 } from '../core/sha256.js';
import { type ClipRecord, recordLine } from '../data/index.js';
import { CONVENTIONS, type ConventionName } from '../spec/index.js';

/**
 * Which texts are looked for.
 * - `first`: the first caption of each clip (MSR-VTT 1k-A has one).
 * - `all`: every caption by itself; its clip is right (MSVD).
 * - `paragraph`: the captions of a clip as one text, in their order (DiDeMo, ActivityNet Captions).
 * - `labels`: the names of the classes; every clip of a class is right (UCF101, HMDB51).
 */
export const TEXT_CHOICES = ['first', 'all', 'paragraph', 'labels'] as const;
export type TextChoice = (typeof TEXT_CHOICES)[number];

/** Everything that a retrieval score depends on beside the model: no number is told without it. */
export interface RetrievalProtocol {
  /** The list, as it was named. @defaultValue it is known by its digest alone */
  readonly list?: string;
  /** SHA-256 of the records that were taken of it. */
  readonly digest: string;
  readonly videos: number;
  readonly texts: TextChoice;
  /** How many texts there are. */
  readonly queries: number;
  /** Of them those that are longer than the model reads. */
  readonly cut: number;
  /** What a class name is put into, at `{}`. */
  readonly prompt?: string;
  /** Frames of a clip, their side in pixels, and how they are taken. */
  readonly frames: number;
  readonly size: number;
  readonly sampling: string;
  /** Clips of a video whose embeddings are averaged. */
  readonly windows: number;
  readonly dualSoftmax: boolean;
  readonly convention: ConventionName;
}

const TEXTS: Readonly<Record<TextChoice, string>> = {
  first: 'first captions',
  all: 'captions, each by itself',
  paragraph: 'paragraphs of all captions of a clip',
  labels: 'class names as words, every clip of the class right',
};

/** The protocol in one line. */
export function protocolText(protocol: RetrievalProtocol): string {
  const { list, digest, videos, texts, queries, cut, prompt } = protocol;
  const { frames, size, sampling, windows, dualSoftmax, convention } = protocol;
  const { title, rule } = CONVENTIONS[convention];
  return [
    `${list === undefined ? '' : `${list}, `}records ${digest.slice(0, 12)}: ${counted(videos, 'clip')}, ${queries} ${TEXTS[texts]}`,
    ...(prompt === undefined ? [] : [`as ${JSON.stringify(prompt)}`]),
    ...(cut === 0 ? [] : [`${cut} of them cut to the model's length`]),
    `${counted(frames, 'frame')} (${sampling}) of ${size} px x ${counted(windows, 'window')}, centre crop, nothing masked`,
    dualSoftmax ? 'DUAL SOFTMAX over all queries' : 'cosine, no dual softmax',
    `${title}: ${rule}`,
  ].join('; ');
}

/**
 * What tells two protocols apart, in words; empty where results of both may stand side by side. The
 * name of a list does not count, its records do; nor does how much of a text a model reads.
 */
export function protocolDifferences(a: RetrievalProtocol, b: RetrievalProtocol): readonly string[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)] as (keyof RetrievalProtocol)[]);
  names.delete('list');
  names.delete('cut'); // what a model reads of a text is the model's own
  return [...names]
    .filter((name) => a[name] !== b[name])
    .map((name) => `${name}: ${shown(a[name])} and ${shown(b[name])}`);
}

/** SHA-256 of records: that of a list (`ClipList`) where all of it is taken. */
export function recordsDigest(records: readonly ClipRecord[]): string {
  return sha256(records.map(recordLine).join(''));
}

function shown(value: string | number | boolean | undefined): string {
  const text = String(value ?? 'none');
  return text.length > 24 ? `${text.slice(0, 12)}...` : text;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
