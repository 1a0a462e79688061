/** Files of the corpus that two versions of FFmpeg read otherwise. */
interface KnownDifference {
  readonly files: RegExp;
  /** Versions of the program (major * 100 + minor) that read them unlike FFmpeg 8.1 of node-av 6.1. */
  readonly programs: (version: number) => boolean;
  readonly why: string;
}

const KNOWN_DIFFERENCES: readonly KnownDifference[] = [];

/** Why a file of the corpus differs between node-av and a version of the program; undefined where it must not. */
export function knownDifference(name: string, program: number): string | undefined {
  return KNOWN_DIFFERENCES.find(({ files, programs }) => files.test(name) && programs(program))
    ?.why;
}
