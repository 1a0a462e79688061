import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { built } from '../core/testing/built.js';

const PATIENCE = 2;

/** A program that watches for signals and then does what `body` says; `busy(s)` listens to nothing for s seconds. */
function program(body: string): ChildProcess {
  const script = `
    import { watchSignals } from ${JSON.stringify(built('cli/signal-watch.ts'))};
    const busy = (seconds) => { const end = Date.now() + seconds * 1000; while (Date.now() < end); };
    const rest = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    watchSignals(() => { console.log('told'); globalThis.told = true; }, ${PATIENCE});
    await rest(0.5);
    console.log('ready');
    await rest(0.1);
    ${body}`;
  return spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  /** From the first signal on. */
  readonly seconds: number;
}

/** Sends signals, the first once it is ready and then one a second; how it ended. */
async function ended(child: ChildProcess, ...signals: readonly NodeJS.Signals[]): Promise<Ended> {
  let [out, err, begin] = ['', '', 0];
  child.stderr?.on('data', (piece: Buffer) => {
    err += piece.toString();
  });
  child.stdout?.on('data', (piece: Buffer) => {
    out += piece.toString();
    if (begin > 0 || !out.includes('ready')) return;
    begin = performance.now();
    for (const [i, signal] of signals.entries())
      setTimeout(() => child.kill(signal), 300 + i * 1000);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, out, err, seconds: (performance.now() - begin) / 1000 };
}

describe('a signal', () => {
  it('is told to a program that listens, which ends as it likes', async () => {
    const found = await ended(program('while (!globalThis.told) await rest(0.1);'), 'SIGTERM');
    expect(found).toMatchObject({ code: 0, out: 'ready\ntold\n', err: '' });
  }, 30_000);

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends a program that listens to nothing within a bound (%s), with a sentence',
    async (signal) => {
      const found = await ended(program('busy(20);'), signal);
      expect(found).toMatchObject({ code: null, signal, out: 'ready\n' });
      expect(found.err).toMatch(
        /^\nStopping\. What is being computed .* within 2 seconds.*\n\nEnded in the middle of .*\n$/,
      );
      expect(found.seconds).toBeLessThan(PATIENCE + 8);
    },
    40_000,
  );

  it('ends it at once where it is the second, also of another kind', async () => {
    const found = await ended(program('busy(20);'), 'SIGINT', 'SIGTERM');
    expect([found.code, found.signal]).toEqual([null, 'SIGTERM']);
    expect(found.err).not.toContain('Ended in the middle');
  }, 40_000);

  it('is told late to a program that listens again in time', async () => {
    const found = await ended(
      program('busy(1.6); await rest(0.1); console.log("after");'),
      'SIGINT',
    );
    expect([found.code, found.out]).toEqual([0, 'ready\ntold\nafter\n']);
  }, 30_000);
});
