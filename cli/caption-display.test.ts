import { describe, expect, it } from 'vitest';
import { CaptionDisplay } from './caption-display.js';
import type { LineStream } from './terminal-line.js';

/** A stream that keeps what is written to it. */
function stream(columns: number | undefined): {
  readonly written: string[];
  readonly stream: LineStream;
} {
  const written: string[] = [];
  const write = (chunk: string | Uint8Array): boolean =>
    written.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()) > 0;
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  return { written, stream: { ...terminal, write } };
}

describe('the display of captions', () => {
  it('rewrites one line on a terminal, within its width', () => {
    const { written, stream: terminal } = stream(40);
    const display = new CaptionDisplay(terminal);
    display.show({ kind: 'progress', done: 3, total: 12, secondsLeft: 75 });
    display.show({ kind: 'problem', video: 'a\u001b[2J.mp4', others: 2, text: 'bad\r' });
    display.show({ kind: 'progress', done: 12, total: 12, secondsLeft: 0 });
    display.end();
    expect(written.join('')).toBe(
      '\r\u001b[Kcaptions of 3/12 videos  25 %  1:15 lef' +
        '\r\u001b[Kleft out a\\u{1b}[2J.mp4 and 2 more: bad\\u{d}\n' +
        '\r\u001b[Kcaptions of 12/12 videos  100 %  0 s le\n',
    );
  });

  it('writes plain lines elsewhere, now and then', () => {
    const { written, stream: file } = stream(undefined);
    const display = new CaptionDisplay(file);
    for (let done = 1; done <= 50; done++) {
      display.show({ kind: 'progress', done, total: 50, secondsLeft: 50 - done });
    }
    display.show({ kind: 'resumed', done: 4, total: 9 });
    display.end();
    expect(written).toEqual([
      'captions of 1/50 videos  2 %  49 s left\n',
      'captions of 50/50 videos  100 %  0 s left\n',
      'going on: 4 of 9 videos have their captions already\n',
    ]);
  });

  it('does not tell of thousands of videos one by one', () => {
    const { written, stream: file } = stream(undefined);
    const display = new CaptionDisplay(file);
    for (let i = 0; i < 5000; i++) {
      display.show({ kind: 'note', video: `${i}.mp4`, others: 0, text: 'short' });
    }
    expect(written).toHaveLength(101);
    expect(written.at(-1)).toContain('not shown');
  });
});
