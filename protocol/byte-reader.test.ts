import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Breakdown } from './breakdown.js';
import { ByteReader } from './byte-reader.js';

const soon = (): number => performance.now() + 200;

describe('a byte reader', () => {
  it('gives lines and blocks whatever pieces they arrive in', async () => {
    const stream = new PassThrough();
    const reader = new ByteReader(stream);
    const pieces = ['{"a"', ':1}\nxy', 'z\n', '\n\nlast\n'];
    pieces.forEach((piece, index) => {
      setTimeout(() => stream.write(piece), 5 * index);
    });
    expect(await reader.line(100, soon())).toBe('{"a":1}');
    expect((await reader.bytes(5, soon())).toString()).toBe('xyz\n\n');
    expect(await reader.line(100, soon())).toBe('');
    expect(await reader.line(100, soon())).toBe('last');
    expect(reader.unread).toBe(0);
    expect((await reader.bytes(0, soon())).length).toBe(0);
  });

  it('gives up at the deadline, at the end, and where a line is too long', async () => {
    const stream = new PassThrough();
    const reader = new ByteReader(stream);
    await expect(reader.line(9, performance.now() + 20)).rejects.toThrow(/deadline/);
    stream.write('0123456789');
    await expect(reader.line(9, soon())).rejects.toThrow(/longer than 9 bytes/);
    stream.end();
    await expect(reader.bytes(20, soon())).rejects.toThrow(Breakdown);
  });

  it('makes a flood wait, and still gives all of it', async () => {
    const stream = new PassThrough();
    const reader = new ByteReader(stream);
    const count = 24 << 20;
    for (let i = 0; i < 24; i++) stream.write(Buffer.alloc(1 << 20, i));
    stream.end();
    const bytes = await reader.bytes(count, performance.now() + 5000);
    expect([bytes[0], bytes[count - 1]]).toEqual([0, 23]);
  });
});
