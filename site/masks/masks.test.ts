import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrowserTab } from '../../cli/testing/browser-tab.js';
import { chromiumMissing, SiteInChromium } from '../../cli/testing/site-in-chromium.js';
import { capable } from '../../core/testing/capability.js';
import { UPRIGHT } from '../../data/video/orientation.js';
import {
  type ClipMask,
  type ClipMaskRequest,
  drawClipMask,
} from '../../run/masked-clip/masked-clip.js';
import { MASK_KIND_NAMES, MASK_KINDS } from '../../spec/index.js';
import { demoFilm } from './demo-film.js';
import { type Film, filmClip } from './film.js';
import { maskPicture } from './mask-file.js';

const ffmpeg = ((): string | undefined => {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'pipe' });
    return undefined;
  } catch {
    return 'it is not installed';
  }
})();
const hasFfmpeg = capable('ffmpeg', ffmpeg);

/** `mask.json` as the page offers it. */
interface MaskFile {
  readonly mask: { readonly kind: string; readonly ratio: number };
  readonly grid: object;
  readonly frameIndices: readonly number[];
  readonly visible: readonly number[];
  readonly masked: readonly number[];
}

describe.skipIf(!capable('chromium', chromiumMissing))('the page of masks in Chromium', () => {
  let site: SiteInChromium;
  let tab: BrowserTab;
  beforeAll(async () => {
    site = await SiteInChromium.open();
    ({ tab } = site);
    await tab.visit(`${site.url}masks.html`);
    await tab.settled();
  });
  afterAll(() => site?.close());

  /** Fills fields of the form, and waits for what comes of it. */
  async function choose(values: Readonly<Record<string, string | number>>): Promise<string> {
    await tab.evaluate(`(() => {
      document.getElementById('page').dataset.state = 'waiting';
      let last;
      for (const [id, value] of Object.entries(${JSON.stringify(values)})) {
        last = document.getElementById(id);
        last.value = value;
      }
      last.dispatchEvent(new Event('input'));
    })()`);
    return tab.settled();
  }

  async function chooseFile(file: string): Promise<string> {
    await tab.evaluate("document.getElementById('page').dataset.state = 'waiting'");
    const { root } = await tab.send<{ root: { nodeId: number } }>('DOM.getDocument');
    const { nodeId } = await tab.send<{ nodeId: number }>('DOM.querySelector', {
      nodeId: root.nodeId,
      selector: '#file',
    });
    await tab.send('DOM.setFileInputFiles', { nodeId, files: [file] });
    return tab.settled();
  }

  /** What a link of the page holds. */
  async function downloaded(id: string, name: string): Promise<Buffer> {
    const file = join(site.folder, name);
    rmSync(file, { force: true });
    await tab.evaluate(`document.getElementById('${id}').click()`);
    // Chromium gives a file its name once it is whole.
    while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
    return readFileSync(file);
  }

  async function maskInTab(): Promise<MaskFile> {
    return JSON.parse((await downloaded('json', 'mask.json')).toString('utf8')) as MaskFile;
  }

  function integersOf({ mask, grid, frameIndices }: ClipMask): object {
    return { grid, frameIndices, visible: [...mask.visible], masked: [...mask.masked] };
  }

  const request = (
    kind: ClipMaskRequest['mask']['kind'],
    changes: object = {},
  ): ClipMaskRequest => ({
    mask: { kind },
    motion: { source: 'block-matching', camera: 'compensate' },
    clip: { frames: 8, size: 64, tubelet: 2, patch: 8, stride: 3, ...changes },
    seed: 7,
    epoch: 2,
    id: 'a sample',
  });

  it.each(MASK_KIND_NAMES)(
    'draws %s over the demo clip as Node does, integer by integer',
    async (kind) => {
      const own = request(kind);
      const { seed, epoch, id, clip, motion } = own;
      const { camera } = motion;
      expect(await choose({ kind, ratio: '', seed, epoch, id, camera, ...clip })).toBe('ready');
      using film = demoFilm(2, 0);
      const here = await drawClipMask(own, filmClip(film), film.similarity);
      const there = await maskInTab();
      expect(there).toMatchObject({ mask: { kind, ratio: MASK_KINDS[kind].ratio } });
      const { grid, frameIndices, visible, masked } = there;
      expect({ grid, frameIndices, visible, masked }).toEqual(integersOf(here));
      expect(await site.shown('verdict')).toContain(
        `${visible.length} of ${visible.length + masked.length} tokens stay visible`,
      );
      const guide = MASK_KINDS[kind].map === 'similarity' ? ' --caption TEXT --teacher FOLDER' : '';
      expect(await site.shown('command')).toContain(`--mask ${kind}${guide} --frames 8`);
      expect(tab.complaints).toEqual([]);
    },
  );

  it('draws another mask for another seed, ratio and size, and the same picture as Node', async () => {
    expect(await choose({ kind: 'tube', seed: 7 })).toBe('ready');
    const first = await maskInTab();
    expect(await choose({ seed: 8, ratio: 0.5, size: 96, patch: 16 })).toBe('ready');
    const second = await maskInTab();
    expect(second.masked).not.toEqual(first.masked);
    expect(second).toMatchObject({ mask: { ratio: 0.5 }, grid: { slots: 4, rows: 6, columns: 6 } });
    using film = demoFilm(2, 0);
    const own = {
      ...request('tube', { size: 96, patch: 16 }),
      mask: { kind: 'tube', ratio: 0.5 },
      seed: 8,
    } as const;
    const here = await drawClipMask(own, filmClip(film));
    expect(second.masked).toEqual([...here.mask.masked]);
    const picture = await downloaded('picture', 'mask.png');
    expect(picture.equals(Buffer.from(maskPicture(here, own)))).toBe(true);
    await choose({ ratio: '', size: 64, patch: 8 });
  });

  it('reads a clip anew that could not be read', async () => {
    using film = demoFilm(2, 0);
    let isBroken = true;
    const read = filmClip({
      ...film,
      read: async (asked) => {
        if (isBroken) throw new Error('broken');
        return film.read(asked);
      },
    });
    await expect(drawClipMask(request('tube'), read)).rejects.toThrow('broken');
    isBroken = false;
    await expect(drawClipMask(request('tube'), read)).resolves.toHaveProperty('frames', 8);
  });

  it('says in a sentence what a field cannot be', async () => {
    for (const [values, message] of [
      [{ frames: 7 }, 'Frames is no multiple of tubelet'],
      [
        { frames: 100_000 },
        'frames: there is no such value; got 100000, expected a whole number from 1 to 64.',
      ],
      [{ frames: 8, ratio: '1' }, 'ratio: there is no such share of masked tokens; got 1'],
      [{ ratio: '', size: 60 }, 'Size is no multiple of patch'],
      [{ size: 64, seed: '1e400' }, 'seed: there is no such value'],
    ] as const) {
      expect([values, await choose(values)]).toEqual([values, 'refused']);
      expect(await site.shown('verdict')).toContain(message);
    }
    expect(await choose({ seed: 7 })).toBe('ready');
  });

  it.each([
    ['a text', 'text.mp4', 'not a video', 'text.mp4: this browser does not play the file'],
    ['an empty file', 'empty.webm', '', 'empty.webm: the file is empty'],
    [
      'a name that is markup',
      '<img src=x onerror=alert(1)>.mp4',
      'x',
      '<img src=x onerror=alert(1)>.mp4: this browser',
    ],
  ])('refuses %s in a sentence, and keeps the clip it had', async (_, name, text, message) => {
    const file = join(site.folder, name);
    writeFileSync(file, text);
    const before = await maskInTab();
    expect(await chooseFile(file)).toBe('refused');
    expect(await site.shown('verdict')).toContain(message);
    expect(await choose({ seed: 7 })).toBe('ready');
    expect(await maskInTab()).toEqual(before);
  });

  it('takes a file that is dropped', async () => {
    await tab.evaluate(`(() => {
      document.getElementById('page').dataset.state = 'waiting';
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['not a video'], 'dropped.mp4'));
      const place = document.getElementById('drop');
      place.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
    })()`);
    expect(await tab.settled()).toBe('refused');
    expect(await site.shown('verdict')).toContain(
      'dropped.mp4: this browser does not play the file',
    );
  });

  it.skipIf(!hasFfmpeg)('refuses a film that says it has 16,000 x 16,000 pixels', async () => {
    const file = join(site.folder, 'huge.webm');
    makeVideo(file, ['-i', 'color=size=320x300:rate=1', '-frames:v', '2', '-c:v', 'libvpx']);
    const bytes = readFileSync(file);
    // The elements PixelWidth and PixelHeight of its track.
    const sizes = [Buffer.from([0xb0, 0x82, 0x01, 0x40]), Buffer.from([0xba, 0x82, 0x01, 0x2c])];
    for (const size of sizes) {
      const at = bytes.indexOf(size);
      expect(at).toBeGreaterThan(0);
      bytes.writeUInt16BE(16_000, at + 2);
    }
    writeFileSync(file, bytes);
    const state = await chooseFile(file);
    // Chromium tells what the file says or, once it has decoded a frame, what that has: seen once in many runs.
    const [id, told] =
      state === 'refused'
        ? ['verdict', 'huge.webm: the frames are too large; got 16000 x 16000']
        : ['clip-text', 'huge.webm: 320 x 300 pixels'];
    expect(await site.shown(id)).toContain(told);
  });

  it.skipIf(!hasFfmpeg)('counts frames by the rate of the film', async () => {
    const file = join(site.folder, 'rate.webm');
    makeVideo(file, ['-i', 'testsrc2=size=96x64:rate=30', '-frames:v', '90', '-c:v', 'libvpx']);
    expect(await chooseFile(file)).toBe('ready');
    expect(await site.shown('clip-text')).toContain('96 x 64 pixels, 90 frames');
  });

  it.skipIf(!hasFfmpeg)('reads a film, and masks its frames as Node does', async () => {
    const file = join(site.folder, 'film.webm');
    makeVideo(file, ['-i', 'testsrc2=size=96x64:rate=10', '-frames:v', '16', '-c:v', 'libvpx']);
    expect(await chooseFile(file)).toBe('ready');
    expect(await site.shown('clip-text')).toContain('96 x 64 pixels, 16 frames');
    for (const kind of ['motion-guided', 'flow-warped'] as const) {
      const own = request(kind, { stride: 2 });
      const { seed, epoch, id, clip } = own;
      const { camera } = own.motion;
      expect(await choose({ kind, ratio: '', seed, epoch, id, camera, ...clip })).toBe('ready');
      const { data } = decode(await downloaded('pixels', 'frames.png'));
      const there = await maskInTab();
      expect(there.frameIndices).toEqual([0, 2, 4, 6, 8, 10, 12, 14].map((i) => Math.min(i, 14)));
      const here = await drawClipMask(own, filmClip(framesOf(data as Uint8Array<ArrayBuffer>)));
      expect(there.masked).toEqual([...here.mask.masked]);
      // A clip whose frames are all alike would prove nothing.
      const places = data.length / 8;
      expect(data.subarray(0, places)).not.toEqual(data.subarray(places, 2 * places));
    }
    expect(await choose({ kind: 'text-guided' })).toBe('refused');
    expect(await site.shown('verdict')).toContain('--teacher FOLDER');
    expect(tab.complaints).toEqual([]);
  });

  /** The frames that came out of the tab, as a film. */
  function framesOf(data: Uint8Array<ArrayBuffer>): Film {
    const size = { width: 96, height: 64 };
    return {
      id: '',
      info: {
        ...size,
        codec: '',
        container: '',
        stored: size,
        orientation: UPRIGHT,
        frameCount: 16,
      },
      frameTimes: new Float64Array(),
      read: async ({ indices }) => ({ data, indices, decodedFrames: indices.length }),
      [Symbol.dispose]: () => {},
    };
  }
});

function makeVideo(file: string, options: readonly string[]): void {
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', ...options, '-deadline', 'realtime', file]);
}
