import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { makeDemoData } from '../../data/index.js';
import { createModelSession, loadOnnxRuntime } from '../../formats/onnx/runtime.js';
import { ExportedRun } from '../../run/index.js';
import { BrowserTab } from '../testing/browser-tab.js';
import { findChromium } from '../testing/chromium.js';
import { oneStepRun } from '../testing/one-step-run.js';
import { exportOnnx } from './export-onnx.js';

const ROOT = join(import.meta.dirname, '..', '..');
/** The number of the first picture: with another digit behind it, an order by letters is a wrong one. */
const FIRST = 9;
/** All that the page needs, and all that is served. */
const SERVED = /^\/(docs\/browser|node_modules\/onnxruntime-web\/dist)\/[a-z0-9.-]+$/;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

interface Output {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

const chromium = findChromium();
const missing = typeof chromium === 'string' ? chromium : undefined;

describe.skipIf(!capable('chromium', missing))('an exported encoder in Chromium', () => {
  let folder = '';
  let server: Server;
  let tab: BrowserTab;
  beforeAll(async () => {
    if (typeof chromium === 'string') throw new Error(chromium);
    folder = await mkdtemp(join(tmpdir(), 'lacuna-onnx-page-'));
    const { trainList } = await makeDemoData(join(folder, 'data'), { trainClips: 4, testClips: 4 });
    await oneStepRun('tiny-mac', trainList, join(folder, 'run'));
    const run = await ExportedRun.open(join(folder, 'run'), () => {});
    await exportOnnx(run, join(folder, 'onnx'), { version: 'test' });
    await run.close();
    server = createServer(({ url = '' }, response) => {
      const type = TYPES[extname(url)];
      response.writeHead(SERVED.test(url) ? 200 : 404, type ? { 'content-type': type } : {});
      if (SERVED.test(url)) createReadStream(join(ROOT, url)).pipe(response);
      else response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    tab = await BrowserTab.open(chromium);
  }, 120_000);
  afterAll(async () => {
    await tab?.close();
    server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const model = (): string => join(folder, 'onnx', 'video_encoder.onnx');

  /** What ONNX Runtime gives in Node, and the frames that it was given. */
  async function inNode(): Promise<{ frames: Uint8Array; shape: number[]; outputs: Output[] }> {
    const runtime = await loadOnnxRuntime('a test');
    const session = await createModelSession(runtime, model(), await readFile(model()), {
      threads: 1,
    });
    const [input] = session.inputMetadata;
    const shape = input?.isTensor ? input.shape.slice(1).map(Number) : [];
    const size = shape.reduce((product, n) => product * n, 1);
    const frames = Uint8Array.from({ length: size }, (_, i) => (i * 2_654_435_761) >>> 24);
    const found = await session.run({
      frames: new runtime.Tensor('uint8', frames, [1, ...shape]),
    });
    await session.release();
    const outputs = Object.entries(found).map(([name, { dims, data }]) => {
      return { name, dims: [...dims], values: [...(data as Float32Array)] };
    });
    return { frames, shape, outputs };
  }

  async function choose(id: string, files: readonly string[]): Promise<void> {
    const { root } = await tab.send<{ root: { nodeId: number } }>('DOM.getDocument');
    const query = { nodeId: root.nodeId, selector: `#${id}` };
    const { nodeId } = await tab.send<{ nodeId: number }>('DOM.querySelector', query);
    await tab.send('DOM.setFileInputFiles', { nodeId, files });
  }

  /** Chooses files on the page, and waits until it has come to an end. */
  async function outcome(files: readonly string[], encoder = model()): Promise<string> {
    const { port } = server.address() as AddressInfo;
    await tab.visit(`http://127.0.0.1:${port}/docs/browser/index.html`);
    await tab.loaded();
    await choose('model', [encoder]);
    await choose('frames', files);
    await tab.evaluate("document.querySelector('button').click()");
    for (;;) {
      const state = await tab.evaluate<string>("document.getElementById('state').dataset.state");
      if (['done', 'failed'].includes(state)) return state;
      if (tab.complaints.length > 0) throw new Error(tab.complaints.join('\n'));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** A clip as files of pictures, in the order of their names. */
  async function pictures(
    name: string,
    frames: Uint8Array,
    [length = 0, height = 0, width = 0]: readonly number[],
  ): Promise<readonly string[]> {
    const size = height * width * 3;
    const paths = Array.from({ length }, (_, index) =>
      join(folder, `${name}-${FIRST + index}.png`),
    );
    for (const [index, path] of paths.entries()) {
      const data = frames.subarray(index * size, (index + 1) * size);
      await writeFile(path, encode({ width, height, channels: 3, depth: 8, data }));
    }
    return paths;
  }

  async function shown(): Promise<readonly Output[]> {
    return JSON.parse(await tab.evaluate("document.getElementById('outputs').textContent"));
  }

  it('gives on the page of the docs what it gives in Node, to 1e-4 of the largest', async () => {
    const { frames, shape, outputs } = await inNode();
    const files = await pictures('frame', frames, shape);
    expect(await outcome(files.toReversed())).toBe('done');
    expect(tab.complaints).toEqual([]);
    const found = await shown();
    expect(found.map(({ name, dims }) => [name, dims])).toEqual(
      outputs.map(({ name, dims }) => [name, dims]),
    );
    expect(found.map(({ name }) => name)).toContain('embedding');
    for (const [place, { values }] of found.entries()) {
      const want = outputs[place]?.values ?? [];
      expect(difference(values, want)).toBeLessThan(1e-4);
    }
    const others = await pictures(
      'other',
      frames.map((byte) => 255 - byte),
      shape,
    );
    expect(await outcome(others)).toBe('done');
    for (const [place, { values }] of (await shown()).entries()) {
      expect(difference(values, outputs[place]?.values ?? [])).toBeGreaterThan(1e-2);
    }
  }, 60_000);

  it('says what is wrong with what was chosen', async () => {
    const said = (): Promise<string> =>
      tab.evaluate("document.getElementById('state').textContent");
    expect(await outcome([join(folder, `frame-${FIRST}.png`)])).toBe('failed');
    expect(await said()).toMatch(/^A clip of this model has \d+ frames, and 1 are chosen\.$/);
    const frames = [join(folder, `frame-${FIRST}.png`)];
    expect(await outcome(frames, join(folder, 'onnx', 'text_encoder.onnx'))).toBe('failed');
    expect(await said()).toContain('it is no encoder of Lacuna');
  }, 60_000);
});

/** The largest difference of two outputs, as a share of the largest value. */
function difference(values: readonly number[], want: readonly number[]): number {
  const differences = values.map((value, i) => Math.abs(value - (want[i] ?? Number.NaN)));
  return Math.max(...differences) / Math.max(...want.map(Math.abs));
}
