/** A frame that the program says it decoded. */
export interface LoggedFrame {
  /** Its time of presentation in the stream's time base; NaN when it has none. */
  readonly time: number;
  readonly isMadeUp: boolean;
  readonly isKey: boolean;
}

/** The options with which the program `ffmpeg` says what `DecodeLog` reads. */
export const LOG_OPTIONS: readonly string[] = ['-v', 'level+info', '-nostats', '-debug_ts'];

// 5.1 tells the time of a frame twice, before and after it is guessed; later versions once, after.
const FRAME = /decoder -> (?:.*best_effort_ts|pts):(-?\d+|NOPTS) .*keyframe:(\d)/;
const MADE_UP = /corrupt decoded frame/;
const REFUSED = /Error while decoding stream|Error submitting packet to decoder/;

/** What the program `ffmpeg` says of the frames that it decodes, in the order in which they come. */
export class DecodeLog {
  readonly frames: LoggedFrame[] = [];
  /** For each packet that was refused how many frames came before it. */
  readonly refusedAfter: number[] = [];
  /** Its last line about an error, or an empty string. */
  complaint = '';
  #isMadeUp = false;

  add(line: string): void {
    const [, time, key] = FRAME.exec(line) ?? [];
    if (time !== undefined) {
      const isKey = key === '1';
      const isMadeUp = this.#isMadeUp;
      this.frames.push({ time: time === 'NOPTS' ? Number.NaN : Number(time), isMadeUp, isKey });
      this.#isMadeUp = false;
    } else if (MADE_UP.test(line)) this.#isMadeUp = true;
    else if (REFUSED.test(line)) this.refusedAfter.push(this.frames.length);
    else if (/\[(?:error|fatal)\]/.test(line)) this.complaint = line;
  }
}
