/** Damaged files of the corpus that not all reads show alike. */
interface KnownDifference {
  readonly files: RegExp;
  /** Versions of the program (major * 100 + minor) that read them unlike FFmpeg 8.1 of node-av 6.1. */
  readonly programs: (version: number) => boolean;
  readonly why: string;
}

const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    files: /^(flips|drop)-hevc-closed-ts/,
    programs: (version) => version < 800,
    why: 'before FFmpeg 8 frames of HEVC whose references are lost are made up and not marked',
  },
  {
    files: /^flips?-av1-mp4/,
    programs: (version) => version < 701,
    why: 'the decoder of AV1 that Debian 12 has refuses other packets',
  },
  {
    files: /^flips-mjpeg-avi/,
    programs: () => true,
    why: 'the decoder of MJPEG leaves in a broken frame what lay in memory, and marks no error',
  },
];

/** Why a file of the corpus differs between node-av and a version of the program; undefined where it must not. */
export function knownDifference(name: string, program: number): string | undefined {
  return KNOWN_DIFFERENCES.find(({ files, programs }) => files.test(name) && programs(program))
    ?.why;
}
