import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { makeDemoData } from '../../data/index.js';
import { sealJson } from '../../formats/sealed-json.js';
import { parseConfig, resolveSettings, type StepMetrics } from '../../run/index.js';
import { testManifest } from '../../run/testing/manifest.js';
import type { OwnServer } from '../serve/own-server.js';
import { BrowserTab } from '../testing/browser-tab.js';
import { findChromium } from '../testing/chromium.js';
import { oneStepRun } from '../testing/one-step-run.js';
import type { Pictures } from './checkpoint-pictures.js';
import { RunFollower } from './run-follower.js';
import { Thinned } from './thinned.js';
import { startWatchServer } from './watch-server.js';

const HOSTILE = '<img src=x onerror="ran()">';
const chromium = findChromium();

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-watch-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const line = (value: object): string => `${JSON.stringify(value)}\n`;

function step(number: number, loss: number): StepMetrics {
  const times = { learningRate: 1e-3, stepSeconds: 0.5, waitSeconds: 0.25 };
  return { step: number, epoch: 0, metrics: { loss }, ...times };
}

/** A run of 8 steps of 4 clips, as its files say; nobody trains it. */
async function writtenRun(name: string): Promise<string> {
  const path = join(folder, name);
  const config = {
    preset: 'tiny-mae',
    batch: 4,
    schedule: { steps: 8 },
    data: { list: 'a.jsonl' },
  };
  const settings = resolveSettings(parseConfig({ ...config, output: path }));
  await mkdir(path);
  await writeFile(join(path, 'manifest.json'), sealJson(testManifest(settings)));
  return path;
}

describe('a run that is followed by its files', () => {
  it('has its pace, its problems and its state, and forgets steps that are done again', async () => {
    const run = await writtenRun('followed');
    const follower = new RunFollower(run);
    expect(await follower.look()).toMatchObject({
      step: 0,
      steps: 8,
      state: 'stopped',
      pace: null,
    });
    await appendFile(join(run, 'metrics.jsonl'), line(step(1, 3)) + line(step(2, 2)));
    await appendFile(join(run, 'problems.jsonl'), line({ id: 'a', reason: 'torn' }));
    await appendFile(join(run, 'problems.jsonl'), line({ id: 'b', reason: 'short', used: true }));
    await appendFile(join(run, 'problems.jsonl'), line({ id: 'a', reason: 'torn' }));
    const scores = { r1: 0.5 };
    await appendFile(
      join(run, 'evaluations.jsonl'),
      line({ step: 2, evaluator: 'retrieval', scores }),
    );
    const seen = await follower.look();
    expect(seen).toMatchObject({ step: 2, loss: 2, checkpoint: null });
    expect(seen.pace).toEqual({ stepSeconds: 0.5, clipsPerSecond: 8, waiting: 0.5, left: 3 });
    expect(seen.problems).toMatchObject({ skipped: 1, incomplete: 1 });
    expect(seen.evaluations).toEqual([{ step: 2, evaluator: 'retrieval', scores }]);
    expect(seen.charts.charts[0]?.series[0]?.values).toEqual([3, 2]);
    await writeFile(join(run, 'lock'), `${process.ppid}\n`);
    await writeFile(join(run, 'metrics.jsonl'), line(step(1, 3)));
    await mkdir(join(run, 'checkpoints', 'step-00000001'), { recursive: true });
    expect(await follower.look()).toMatchObject({ step: 1, state: 'running', checkpoint: 1 });
    await rm(join(run, 'lock'));
    await appendFile(join(run, 'metrics.jsonl'), line(step(8, 1)));
    expect(await follower.look()).toMatchObject({ step: 8, state: 'finished' });
  });

  it('is drawn from a bounded number of points, however long it is', () => {
    const thinned = new Thinned<number>(10);
    for (let n = 0; n < 1000; n++) thinned.add(n);
    const values = thinned.values();
    expect(values.length).toBeLessThanOrEqual(11);
    expect([values[0], values.at(-1)]).toEqual([0, 999]);
    const gaps = values.slice(1, -1).map((value, i) => value - (values[i] as number));
    expect(new Set(gaps).size).toBe(1);
  });
});

function ask(
  server: OwnServer,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{
  readonly status: number | undefined;
  readonly policy: string;
  readonly body: string;
}> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        body += piece;
      });
      response.on('end', () => {
        const policy = String(response.headers['content-security-policy']);
        resolve({ status: response.statusCode, policy, body });
      });
    })
      .on('error', reject)
      .end();
  });
}

describe('the server of a run', () => {
  it('answers by its own names, on three addresses, and is held to its own by its policy', async () => {
    const server = await startWatchServer({ folder: await writtenRun('served'), examples: 0 });
    try {
      expect((await ask(server, '/', { host: 'evil.example' })).status).toBe(421);
      expect((await ask(server, '/', {}, 'POST')).status).toBe(405);
      for (const path of ['/manifest.json', '/../manifest.json', '/%2e%2e/x', '/run.json/']) {
        expect([path, (await ask(server, path)).status]).toEqual([path, 404]);
      }
      const { policy, status } = await ask(server, '/', { host: `localhost:${8790}` });
      expect(status).toBe(200);
      expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-/);
      expect(policy).not.toMatch(/unsafe|\*/);
      expect(JSON.parse((await ask(server, '/run.json')).body)).toMatchObject({ steps: 8 });
    } finally {
      await server.close();
    }
  });

  it('refuses a folder that holds no run', async () => {
    const served = startWatchServer({ folder: join(folder, 'none'), examples: 0 });
    await expect(served).rejects.toThrow('this folder holds no run');
  });
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}

const missing = typeof chromium === 'string' ? chromium : undefined;
describe.skipIf(!capable('chromium', missing))('the page of a run in Chromium', () => {
  it('follows the run, on a phone too, shows its masks, and runs no name', async () => {
    if (typeof chromium === 'string') throw new Error(chromium);
    const data = await makeDemoData(join(folder, 'data'), { trainClips: 4, testClips: 1 });
    const run = join(folder, 'run');
    await oneStepRun('tiny-mae', data.trainList, run);
    const server = await startWatchServer({ folder: run, examples: 1 });
    const tab = await BrowserTab.open(chromium);
    const until = async (expression: string): Promise<void> => {
      while (!(await tab.evaluate<boolean>(expression).catch(() => false))) await pause();
    };
    try {
      const phone = { width: 390, height: 844, deviceScaleFactor: 1, mobile: true };
      await tab.send('Emulation.setDeviceMetricsOverride', phone);
      await tab.visit(server.url);
      await until("document.getElementById('state').textContent === 'finished'");
      await appendFile(join(run, 'metrics.jsonl'), line(step(2, 0.125)));
      await appendFile(join(run, 'problems.jsonl'), line({ id: HOSTILE, reason: HOSTILE }));
      await until("document.getElementById('loss').textContent === '0.125'");
      await until("document.querySelectorAll('#clips img').length > 0");
      const shown = await tab.evaluate<string>("document.getElementById('clips').innerText");
      expect(shown).toContain('masked cubes are darkened');
      expect(await tab.evaluate("document.getElementById('problems').innerText")).toContain(
        HOSTILE,
      );
      expect(await tab.evaluate("document.querySelectorAll('#problems img').length")).toBe(0);
      // Nothing is wider than the phone, and each curve is drawn.
      expect(await tab.evaluate('document.documentElement.scrollWidth')).toBe(390);
      expect(await tab.evaluate("document.querySelectorAll('#charts canvas').length")).toBe(3);
      expect(tab.requests.every((url) => url.startsWith(server.url))).toBe(true);
      expect(tab.complaints).toEqual([]);
      const pictures = JSON.parse((await ask(server, '/pictures.json')).body) as Pictures;
      expect([pictures.step, pictures.clips.length, pictures.problem]).toEqual([1, 1, null]);
      await server.close();
      await until("document.getElementById('lost').textContent.includes('is not reached')");
    } finally {
      await tab.close();
    }
  }, 60_000);
});
