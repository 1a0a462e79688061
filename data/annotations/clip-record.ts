/** One video of a data set, with what is written about it. */
export interface ClipRecord {
  /** Its name in reports and the address of its random draws: `video`, unique in a list. */
  readonly id: string;
  /** Its path relative to the data folder, with forward slashes, without `.` and `..`. */
  readonly video: string;
  /** Its captions, trimmed and not empty; there may be none. */
  readonly captions: readonly string[];
  /** Its class. */
  readonly label?: string;
  /** Its classes, where it has several, by what each is about (`verb`, `noun`), in order of these names. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A list of videos as read from a file. */
export interface ClipList {
  readonly records: readonly ClipRecord[];
  /** SHA-256 (hex) of the records: equal for lists that say the same in different layouts. */
  readonly digest: string;
  /** How many different captions there are: 1 or 0 leaves contrastive training nothing to learn. */
  readonly distinctCaptions: number;
  /** Keys that no reader of this project knows, with the number of lines that have them. */
  readonly unknownKeys: ReadonlyMap<string, number>;
  /** Captions that cannot be used and were left out: how many, and of each video the first. */
  readonly badCaptions: { readonly count: number; readonly first: ReadonlyMap<string, string> };
}
