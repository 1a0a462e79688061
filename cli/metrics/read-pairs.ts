import { readLines } from '../../data/index.js';
import { LacunaError, RightPairs } from '../../spec/index.js';

export interface PairFlags {
  /** A file of right pairs. */
  readonly pairs?: string;
  /** Captions of each video, together. */
  readonly captions?: number;
}

/** The right pairs of a matrix, and how they were told. */
export interface KnownPairs {
  readonly pairs: RightPairs;
  /** In words, for the protocol. */
  readonly how: string;
}

/**
 * Which videos are right for which texts: by a file with `text,video` on each line, both counted from
 * 0; or so many captions a video, together and in order; or, for a square matrix, text i and video i.
 *
 * @throws LacunaError where the matrix is not square and nothing says it, or the file does not fit it.
 */
export async function readPairs(
  { pairs: path, captions }: PairFlags,
  texts: number,
  videos: number,
): Promise<KnownPairs> {
  if (path !== undefined) {
    const found: (readonly [number, number])[] = [];
    for await (const { where, text } of readLines(path, 'right pairs, "text,video" on each line')) {
      const match = /^(\d{1,9})\s*[,\t ]\s*(\d{1,9})$/.exec(text);
      if (match === null) {
        if (found.length === 0 && /^[a-z_]+\s*[,\t ]\s*[a-z_]+$/i.test(text)) continue; // the columns' names
        throw new LacunaError({
          where,
          what: 'the line is no pair',
          got: JSON.stringify(text.slice(0, 40)),
          expected: '"text,video", two whole numbers counted from 0',
        });
      }
      found.push([Number(match[1]), Number(match[2])]);
    }
    return { pairs: RightPairs.of(found, texts, videos), how: `right pairs of ${path}` };
  }
  const each = captions ?? 1;
  if (texts !== videos * each) {
    throw new LacunaError({
      what: 'it is not said which videos are right for which texts',
      got: `${texts} texts (rows), ${videos} videos (columns)${captions === undefined ? '' : `, ${captions} captions a video`}`,
      expected: captions === undefined ? 'as many of each' : `${videos * each} texts`,
      fix: 'Name a file of right pairs with --pairs, say how many captions each video has with --captions, or turn the matrix round with --transpose.',
    });
  }
  const owners = Array.from({ length: texts }, (_, text) => Math.floor(text / each));
  return {
    pairs: RightPairs.ofTexts(owners, videos),
    how:
      each === 1
        ? 'text i belongs to video i'
        : `texts ${each} i to ${each} i + ${each - 1} belong to video i`,
  };
}
