import { LacunaError } from '../errors.js';

/** Which videos of a gallery are right for which texts; every text and every video has at least one. */
export class RightPairs {
  readonly texts: number;
  readonly videos: number;
  /** Texts of each video. */
  readonly textsOfVideo: Int32Array;
  readonly #starts: Int32Array;
  readonly #items: Int32Array;

  private constructor(
    texts: number,
    videos: number,
    pairs: readonly (readonly [number, number])[],
  ) {
    this.texts = texts;
    this.videos = videos;
    const sorted = [...pairs].sort(([a, c], [b, d]) => a - b || c - d);
    this.#starts = new Int32Array(texts + 1);
    this.#items = Int32Array.from(sorted, ([, video]) => video);
    this.textsOfVideo = new Int32Array(videos);
    for (const [index, [text, video]] of sorted.entries()) {
      const before = sorted[index - 1];
      if (before?.[0] === text && before[1] === video) {
        throw new LacunaError({
          what: 'a pair is named twice',
          where: `text ${text}, video ${video}`,
        });
      }
      this.#starts[text + 1] = index + 1;
      this.textsOfVideo[video] = (this.textsOfVideo[video] as number) + 1;
    }
    for (let text = 0; text < texts; text++) {
      const start = this.#starts[text] as number;
      if ((this.#starts[text + 1] as number) > start) continue;
      throw new LacunaError({
        what: 'a text belongs to no video of the gallery',
        where: `text ${text}`,
        fix: 'Leave it out, or name its video.',
      });
    }
    const silent = this.textsOfVideo.indexOf(0);
    if (silent >= 0) {
      throw new LacunaError({
        what: 'a video of the gallery has no text',
        where: `video ${silent}`,
        fix: 'Leave it out of the gallery, or give it a caption.',
      });
    }
  }

  /**
   * @param pairs [text, video], counted from 0.
   * @throws LacunaError for an index out of bounds, a pair named twice, a text or a video without any.
   */
  static of(
    pairs: readonly (readonly [text: number, video: number])[],
    texts: number,
    videos: number,
  ): RightPairs {
    for (const [text, video] of pairs) {
      check('text', text, texts);
      check('video', video, videos);
    }
    return new RightPairs(texts, videos, pairs);
  }

  /** One video a text. */
  static ofTexts(videoOfText: ArrayLike<number>, videos: number): RightPairs {
    const pairs = Array.from(videoOfText, (video, text) => [text, video] as const);
    return RightPairs.of(pairs, videoOfText.length, videos);
  }

  /** Text i belongs to video i. */
  static diagonal(count: number): RightPairs {
    return RightPairs.ofTexts(
      Array.from({ length: count }, (_, index) => index),
      count,
    );
  }

  /** The right videos of a text, in ascending order. */
  videosOf(text: number): Int32Array {
    return this.#items.subarray(this.#starts[text], this.#starts[text + 1]);
  }

  /** Whether each text has one right video. */
  get hasOneVideoEach(): boolean {
    return this.#items.length === this.texts;
  }

  /** Whether each text has one right video, and each video one text. */
  get isOneToOne(): boolean {
    return this.hasOneVideoEach && this.texts === this.videos;
  }
}

function check(what: string, index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new LacunaError({
    what: `a pair names a ${what} that is not there`,
    got: String(index),
    expected: `a whole number in [0, ${count})`,
  });
}
