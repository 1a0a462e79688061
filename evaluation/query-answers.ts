import type { Retrieval } from './retrieval.js';

/** A text that was looked for, and what came. */
export interface QueryAnswers {
  readonly text: string;
  /** The expected rank of its best right clip, from 1. */
  readonly rank: number;
  /** The clips that came first, in descending order of similarity; of equals the one of the list first. */
  readonly answers: readonly {
    readonly video: string;
    readonly similarity: number;
    readonly right: boolean;
  }[];
  /** The right clip that came first, where it is not among them. */
  readonly right?: { readonly video: string; readonly similarity: number };
}

/**
 * The texts whose clips came latest, and those whose clips came first by the widest margin, with what
 * came instead. By cosine, whatever the protocol weighs by.
 */
export function extremeQueries(
  { similarity, ranks, captions, videos, pairs }: Retrieval,
  count: number,
  answers: number = 5,
): { readonly worst: readonly QueryAnswers[]; readonly best: readonly QueryAnswers[] } {
  const margins = new Float64Array(captions.length);
  let text = 0;
  for (const row of similarity.rows()) {
    const right = new Set(pairs.videosOf(text));
    let [inside, outside] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    row.forEach((value, video) => {
      if (right.has(video)) inside = Math.max(inside, value);
      else outside = Math.max(outside, value);
    });
    margins[text++] = inside - outside; // infinite where every clip is right
  }
  const order = Array.from(captions, (_, index) => index).sort(
    (a, b) =>
      (ranks.textToVideo[b] as number) - (ranks.textToVideo[a] as number) ||
      (margins[a] as number) - (margins[b] as number) ||
      a - b,
  );
  const worst = order.slice(0, count);
  const best = order.slice(worst.length).slice(-count).reverse();
  const wanted = new Set([...worst, ...best]);
  const found = new Map<number, QueryAnswers>();
  text = 0;
  for (const row of similarity.rows()) {
    if (wanted.has(text)) {
      const right = new Set(pairs.videosOf(text));
      const sorted = Array.from(row, (_, video) => video).sort(
        (a, b) => (row[b] as number) - (row[a] as number) || a - b,
      );
      const told = (video: number): { readonly video: string; readonly similarity: number } => ({
        video: videos[video] as string,
        similarity: row[video] as number,
      });
      const first = sorted.slice(0, answers);
      const missed = sorted.find((video) => right.has(video));
      found.set(text, {
        text: captions[text] as string,
        rank: (ranks.textToVideo[text] as number) + 1,
        answers: first.map((video) => ({ ...told(video), right: right.has(video) })),
        ...(missed === undefined || first.includes(missed) ? {} : { right: told(missed) }),
      });
    }
    text += 1;
  }
  const read = (index: number): QueryAnswers => found.get(index) as QueryAnswers;
  return { worst: worst.map(read), best: best.map(read) };
}
