import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../spec/random/stream.js';
import { spreadClip } from './dense-clip.js';
import { cutViews, shortSideSize, viewClips, viewFrames } from './view-clips.js';

const dense = { frames: 4, rule: { name: 'window', stride: 3 } } as const;
const segments = { frames: 4, rule: { name: 'segments' } } as const;

/** VideoMAE's VideoClsDataset in mode `test`, word by word. */
function videoMaeFrames(
  n: number,
  frames: number,
  stride: number,
  chunk: number,
  segs: number,
): number[] {
  const all: number[] = [];
  for (let x = 0; x < n; x += stride) all.push(x);
  while (all.length < frames) all.push(all[all.length - 1] as number);
  const step = Math.max((1.0 * (all.length - frames)) / (segs - 1), 0);
  const start = Math.trunc(chunk * step);
  return all.slice(start, start + frames);
}

/** VideoMAE's SSVideoClsDataset in mode `test`: of two clips every second of the sorted frames. */
function ssv2Frames(n: number, frames: number, chunk: number): number[] {
  const tick = n / frames;
  const x = [...Array(frames).keys()];
  const all = [
    ...x.map((i) => Math.trunc(tick / 2 + tick * i)),
    ...x.map((i) => Math.trunc(tick * i)),
  ].sort((a, b) => a - b);
  return all.filter((_, i) => i >= chunk && (i - chunk) % 2 === 0);
}

describe('the frames of a view', () => {
  it.each([1, 5, 11, 12, 13, 40, 77, 300])('are those of VideoMAE, of %i frames', (n) => {
    for (let clip = 0; clip < 5; clip++)
      expect(viewFrames(n, dense, clip, 5)).toEqual(videoMaeFrames(n, 4, 3, clip, 5));
    for (let clip = 0; clip < 2; clip++)
      expect(viewFrames(n, segments, clip, 2)).toEqual(ssv2Frames(n, 4, clip));
  });

  it('of one view are in the middle', () => {
    expect(viewFrames(30, dense, 0, 1)).toEqual([9, 12, 15, 18]);
    expect(viewFrames(8, segments, 0, 1)).toEqual([1, 3, 5, 7]);
  });
});

describe('the crops of a view', () => {
  it('lie along the long side of the scaled frame', () => {
    expect(shortSideSize({ width: 340, height: 256 }, 224)).toEqual({ width: 297, height: 224 });
    const sampling = { ...dense, size: 224 };
    const wide = viewClips({ width: 340, height: 256, frameCount: 90 }, sampling, {
      clips: 5,
      crops: 3,
    });
    expect(wide.corners).toEqual([0, 36, 73].map((x) => ({ x, y: 0 })));
    expect(wide.request.indices).toHaveLength(20);
    const tall = viewClips({ width: 256, height: 340, frameCount: 90 }, sampling, {
      clips: 1,
      crops: 1,
    });
    expect(tall.corners).toEqual([{ x: 0, y: 36 }]);
    expect(() =>
      viewClips({ width: 3000, height: 100, frameCount: 9 }, sampling, { clips: 1, crops: 3 }),
    ).toThrow('too long and narrow');
  });

  it('are cut out, the crops of a clip one after the other', () => {
    const sampling = { frames: 1, size: 2, rule: { name: 'dense', stride: 1 } } as const;
    const view = viewClips({ width: 4, height: 2, frameCount: 2 }, sampling, {
      clips: 2,
      crops: 2,
    });
    // Pixel (frame, row, column) is frame * 100 + row * 10 + column in each channel.
    const frames = Uint8Array.from(
      [0, 1].flatMap((frame) =>
        [0, 1].flatMap((row) =>
          [0, 1, 2, 3].flatMap(
            (column) => Array(3).fill(frame * 100 + row * 10 + column) as number[],
          ),
        ),
      ),
    );
    const reds = [...cutViews(frames, view, sampling)].filter((_, i) => i % 3 === 0);
    expect(reds).toEqual([0, 1, 10, 11, 2, 3, 12, 13, 100, 101, 110, 111, 102, 103, 112, 113]);
  });
});

describe('a clip of fine-tuning', () => {
  /** VideoMAE's loadvideo_decord with the drawn end given. */
  function videoMae(n: number, frames: number, stride: number, end: number): number[] {
    const span = frames * stride;
    const linspace = (a: number, b: number, count: number): number[] =>
      [...Array(count).keys()].map((i) =>
        i === count - 1 && i > 0 ? b : a + i * ((b - a) / Math.max(1, count - 1)),
      );
    const clip = (list: number[], low: number, high: number): number[] =>
      list.map((x) => Math.trunc(Math.min(high, Math.max(low, x))));
    if (n > span) return clip(linspace(end - span, end, frames), end - span, end - 1);
    const k = Math.floor(n / stride);
    return clip([...linspace(0, n, k), ...Array<number>(frames - k).fill(n)], 0, n - 1);
  }

  it.each([1, 3, 20, 63, 64, 65, 66, 200])('is that of VideoMAE, of %i frames', (n) => {
    for (let sample = 0; sample < 10; sample++) {
      const stream = (): RandomStream => new RandomStream({ seed: 1, stream: 'frames', sample });
      const end = n > 64 ? 64 + stream().integer(n - 64) : 0;
      expect(spreadClip({ frameCount: n, frames: 16, stride: 4 }, stream())).toEqual(
        videoMae(n, 16, 4, end),
      );
    }
  });
});
