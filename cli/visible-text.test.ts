import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { TerminalLine } from './terminal-line.js';
import { visibleLine, visibleStreams, visibleText } from './visible-text.js';

describe('a text for a terminal', () => {
  it('has nothing that a terminal obeys or hides', () => {
    const codes = [0, 7, 8, 13, 0x1b, 0x7f, 0x85, 0x9b, 0x9d, 0xad, 0x61c, 0x200b, 0x200e, 0x200f];
    codes.push(0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff, 0xe0041, 0xd800);
    for (const code of codes) {
      const shown = `a\\u{${code.toString(16)}}b`;
      expect(visibleText(`a${String.fromCodePoint(code)}b`)).toBe(shown);
      expect(visibleLine(`a${String.fromCodePoint(code)}b`)).toBe(shown);
    }
    expect(visibleText('a\n\tb')).toBe('a\n\tb');
    expect(visibleLine('a\n\tb')).toBe('a\\u{a}\\u{9}b');
  });

  it('keeps what people write', () => {
    const text = 'übung “ß” 日本 עברית 👩‍🚀 می‌خواهم';
    expect([visibleText(text), visibleLine(text)]).toEqual([text, text]);
  });
});

it('streams spell texts and let bytes pass', async () => {
  const stream = new PassThrough();
  visibleStreams(stream as unknown as NodeJS.WriteStream);
  stream.write('\u001b[2J\n');
  stream.write(Buffer.from('\u001b[K'));
  stream.end('\u009b');
  // Node 26 gives one chunk a read, Node 20 all of them.
  expect(Buffer.concat(await stream.toArray()).toString()).toBe('\\u{1b}[2J\n\u001b[K\\u{9b}');
});

describe('the line that is rewritten', () => {
  function terminal(columns?: number): { line: TerminalLine; written: () => string } {
    const chunks: string[] = [];
    const write = (chunk: string | Uint8Array): boolean =>
      chunks.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()) > 0;
    const shape = columns === undefined ? {} : { isTTY: true, columns };
    return { line: new TerminalLine({ ...shape, write }), written: () => chunks.join('') };
  }

  it('stays within the width, and gives way to lines that stay', () => {
    const { line, written } = terminal(10);
    line.show('0123456789');
    line.show('too soon to be shown');
    line.line('a\r\nb');
    line.show('the last one', true);
    expect(written()).toBe('\r\x1b[K012345678\r\x1b[Ka\\u{d}\\u{a}b\n\r\x1b[Kthe last \n');
  });

  it('is a line now and then where there is no terminal', () => {
    const { line, written } = terminal();
    for (let i = 1; i <= 50; i++) line.show(`${i} of 50`, i === 50);
    line.end();
    expect(written()).toBe('1 of 50\n50 of 50\n');
  });
});
