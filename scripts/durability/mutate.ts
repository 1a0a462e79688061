import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Draw, oneOf } from './draws.js';

/** Numbers and texts that readers stumble over. */
const VALUES = [
  '-1',
  '0',
  '1e308',
  '1e999',
  '9007199254740993',
  'null',
  'true',
  '""',
  '[]',
  '{}',
  '"\\u0000"',
  '"../../x"',
  '{"__proto__":1}',
  `"${'a'.repeat(70_000)}"`,
  '['.repeat(10_000),
];

/** Changes one thing in a folder and says what; a link leads into or out of the folder `outside`. */
export function mutate(folder: string, outside: string, draw: Draw): string {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const entry = oneOf(entries, draw);
  const path = join(entry.parentPath, entry.name);
  const name = relative(folder, path);
  if (entry.isDirectory() || draw() < 0.05) {
    rmSync(path, { recursive: true });
    if (draw() < 0.3) return `${name} is gone`;
    const target = oneOf(['theirs', 'folder', 'nowhere', relative('/', path)], draw);
    symlinkSync(join(outside, target), path);
    return `${name} leads to ${target}`;
  }
  const bytes = readFileSync(path);
  const changed = mutated(bytes, draw);
  writeFileSync(path, changed);
  return `${name} is ${changed.toString('latin1').slice(0, 200)}`;
}

function mutated(bytes: Buffer, draw: Draw): Buffer {
  const at = Math.floor(draw() * (bytes.length + 1));
  const kind = draw();
  if (kind < 0.2) return bytes.subarray(0, at);
  if (kind < 0.4) {
    const result = Buffer.from(bytes);
    for (let i = 0; i < 1 + draw() * 4; i++) {
      result[Math.floor(draw() * result.length)] = Math.floor(draw() * 256);
    }
    return result;
  }
  if (kind < 0.6) {
    const end = Math.min(bytes.length, at + Math.floor(draw() * 64));
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
  }
  if (kind < 0.7) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.floor(at / 2))]);
  // A value of JSON, or what looks like one, by another.
  const text = bytes.toString('latin1');
  const found = [...text.matchAll(/(?<=: ?)("[^"]*"|-?[\d.e+]+|true|false|\[[^\]]*\])/g)];
  if (found.length === 0)
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from('\xff\xff\xff\xff\x0f', 'latin1'),
      bytes.subarray(at),
    ]);
  const { index, 0: value } = oneOf(found, draw);
  return Buffer.from(
    text.slice(0, index) + oneOf(VALUES, draw) + text.slice(index + value.length),
    'latin1',
  );
}
