import childProcess, { ChildProcess } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import type { Readable } from 'node:stream';
import { afterAll, expect } from 'vitest';

/**
 * Looks through everything that a test, and every process that it starts, prints: what Lacuna calls a
 * defect of its own must be in none of it, whatever the test itself looks at. A test that plants a
 * defect takes it out again with `plantedDefects`.
 */
const SENTENCE = 'a defect of Lacuna';
const found: string[] = [];

function look(chunk: unknown): void {
  const text = typeof chunk === 'string' || Buffer.isBuffer(chunk) ? String(chunk) : '';
  const at = text.indexOf(SENTENCE);
  if (at >= 0) found.push(text.slice(Math.max(0, at - 100), at + 500));
}

/** Sees what comes in on a stream, without changing when it flows. */
function overhear(stream: Readable | null | undefined): void {
  if (stream === null || stream === undefined) return;
  const push = stream.push.bind(stream);
  stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    look(chunk);
    return push(chunk, encoding);
  };
}

type Start = (this: ChildProcess, ...options: unknown[]) => unknown;
const prototype = ChildProcess.prototype as unknown as { spawn: Start };
const start = prototype.spawn;
prototype.spawn = function (...options) {
  const result = start.apply(this, options);
  overhear(this.stdout);
  overhear(this.stderr);
  return result;
};
const { spawnSync } = childProcess;
childProcess.spawnSync = ((...all: Parameters<typeof spawnSync>) => {
  const result = spawnSync(...all);
  for (const output of result.output ?? []) look(output);
  return result;
}) as typeof spawnSync;
syncBuiltinESMExports();

// The test runner has a console of its own, which does not write to the streams of the process.
for (const name of ['log', 'info', 'warn', 'error'] as const) {
  const write = console[name].bind(console);
  console[name] = (...all: unknown[]): void => {
    for (const each of all) look(each instanceof Error ? `${each.message}\n${each.stack}` : each);
    write(...all);
  };
}
for (const stream of [process.stdout, process.stderr]) {
  const write = stream.write.bind(stream) as (...all: unknown[]) => boolean;
  stream.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    look(chunk);
    return write(chunk, ...rest);
  };
}

/** The defects that were printed so far, which a test planted: they count no more. */
export function plantedDefects(): readonly string[] {
  return found.splice(0);
}

afterAll(() => {
  expect(plantedDefects(), 'what was printed as a defect of Lacuna').toEqual([]);
});
