/** Bounds on annotation files; what lies beyond is refused with its line. */

export const MAX_LINE_BYTES: number = 2 ** 18;
export const MAX_RECORDS: number = 10_000_000;
export const MAX_CAPTIONS: number = 1000;
export const MAX_CAPTION_LENGTH: number = 4096;
export const MAX_PATH_LENGTH: number = 1024;
export const MAX_LABEL_LENGTH: number = 256;
export const MAX_LABELS: number = 16;
export const MAX_UNKNOWN_KEYS: number = 1000;
/** Videos of which it is kept why a caption cannot be used; of all it is counted. */
export const MAX_BAD_CAPTIONS: number = 1000;
/** Lines that cannot be read and are told of together. */
export const MAX_BAD_LINES: number = 20;
