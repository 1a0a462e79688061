/** What `lacuna conform` came to, whatever it was asked for. */
export interface Told {
  /** What the command ends with: one of `EXIT`. */
  readonly code: number;
  /** For a person. */
  readonly text: string;
  /** The same for a program (`--json`): plain data. */
  readonly result: object;
}
