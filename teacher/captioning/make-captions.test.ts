import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClipRecord, readClipList } from '../../data/index.js';
import { LacunaError } from '../../spec/errors.js';
import type { CaptionSource, SourceOutcome } from './caption-source.js';
import {
  type CaptionEvent,
  logOf,
  type MakeCaptionsOptions,
  makeCaptions,
} from './make-captions.js';

let folder = '';
let output = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-captions-'));
  output = join(folder, 'captions.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const records: readonly ClipRecord[] = Array.from({ length: 9 }, (_, i) => {
  const video = `clips/${i}.mp4`;
  return { id: video, video, captions: ['old'], label: `l${i % 3}` };
});

interface TestSource {
  readonly by?: 'video' | 'label';
  readonly facts?: CaptionSource['facts'];
  readonly concurrency?: number;
  readonly outcome?: (record: ClipRecord) => SourceOutcome | Promise<SourceOutcome>;
}

/** A source that remembers what it was asked for. */
function testSource(options: TestSource = {}): CaptionSource & { readonly asked: string[] } {
  const { by = 'video', facts = { source: 'test', size: 3 }, concurrency = 1 } = options;
  const outcome = options.outcome ?? (({ video }) => ({ captions: [`of ${video}`, 'x'] }));
  const asked: string[] = [];
  return {
    asked,
    facts,
    concurrency,
    keyOf: (record) => record[by] ?? '',
    caption: async (record) => {
      asked.push(record.video);
      return outcome(record);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

async function run(source: CaptionSource, options: Partial<MakeCaptionsOptions> = {}) {
  const events: CaptionEvent[] = [];
  const onEvent = (event: CaptionEvent): void => void events.push(event);
  const result = await makeCaptions(records, source, { output, onEvent, ...options });
  return { result, events };
}

/** Ends a run after so many videos, as an unplugged cable would: by a failure of the source. */
async function runUntil(count: number): Promise<void> {
  let left = count;
  const outcome = ({ video }: ClipRecord): SourceOutcome => {
    if (left === 0) throw new LacunaError({ what: 'the plug was pulled' });
    left -= 1;
    return { captions: [`of ${video}`, 'x'] };
  };
  await expect(run(testSource({ outcome }))).rejects.toThrow('the plug was pulled');
}

describe('captions for a list', () => {
  it('make a list of the same videos in the same order, that reads back', async () => {
    const { result, events } = await run(testSource({ concurrency: 4 }));
    expect(result).toEqual({ finished: true, captioned: 9, leftOut: 0, distinctCaptions: 10 });
    const list = await readClipList(output, () => {});
    expect(list.records).toEqual(
      records.map((record) => ({ ...record, captions: [`of ${record.video}`, 'x'] })),
    );
    expect(existsSync(logOf(output))).toBe(false);
    expect(events.at(-1)).toMatchObject({ kind: 'progress', done: 9, total: 9, secondsLeft: 0 });
  });

  it('ask once for what videos share', async () => {
    const source = testSource({
      by: 'label',
      outcome: ({ label }) => ({ captions: [`${label}`] }),
    });
    await run(source);
    expect(source.asked).toEqual(['clips/0.mp4', 'clips/1.mp4', 'clips/2.mp4']);
    const list = await readClipList(output, () => {});
    expect(list.records.map(({ captions }) => captions[0])).toEqual(
      records.map(({ label }) => label),
    );
  });

  it('leave out and tell the videos that get none', async () => {
    const outcome = ({ video }: ClipRecord): SourceOutcome =>
      video.includes('/4')
        ? { problem: 'it is broken' }
        : video.includes('/5')
          ? { captions: ['\n', ''] }
          : { captions: ['a\ncat', ''], ...(video.includes('/6') ? { note: 'one only' } : {}) };
    const { result, events } = await run(testSource({ outcome }));
    expect(result).toMatchObject({ captioned: 7, leftOut: 2 });
    expect(events.filter(({ kind }) => kind === 'problem' || kind === 'note')).toEqual([
      { kind: 'problem', video: 'clips/4.mp4', others: 0, text: 'it is broken' },
      {
        kind: 'problem',
        video: 'clips/5.mp4',
        others: 0,
        text: 'the captions made of it are empty',
      },
      { kind: 'note', video: 'clips/6.mp4', others: 0, text: 'one only' },
    ]);
    expect((await readClipList(output, () => {})).records[0]?.captions).toEqual(['a cat']);
  });

  it('are as many as a line of a list holds', async () => {
    const long = Array.from({ length: 300 }, (_, i) => `${i} ${'\\"ü'.repeat(900)}`);
    await run(testSource({ outcome: () => ({ captions: long }) }));
    const { captions } = (await readClipList(output, () => {})).records[0] ?? { captions: [] };
    expect(captions.length).toBeGreaterThan(30);
    expect(captions).toEqual(long.slice(0, captions.length));
  });

  it('are no list when no video gets one', async () => {
    const none = testSource({ outcome: () => ({ problem: 'no' }) });
    await expect(run(none)).rejects.toThrow(/no video got a caption/);
    expect(existsSync(output)).toBe(false);
  });

  it('do not replace a list unasked', async () => {
    writeFileSync(output, 'precious\n');
    const source = testSource();
    await expect(run(source)).rejects.toThrow(/the list exists already.*--overwrite/);
    expect(source.asked).toEqual([]);
    expect(readFileSync(output, 'utf8')).toBe('precious\n');
    await run(source, { overwrite: true });
    expect((await readClipList(output, () => {})).records).toHaveLength(9);
  });

  it('say where they cannot be written', async () => {
    const absent = join(folder, 'absent', 'list.jsonl');
    await expect(run(testSource(), { output: absent })).rejects.toThrow(
      /cannot be written.*ENOENT/,
    );
  });
});

describe('an interrupted run', () => {
  it('goes on where it was', async () => {
    await runUntil(4);
    expect(existsSync(output)).toBe(false);
    const source = testSource();
    const { result, events } = await run(source);
    expect(source.asked).toEqual(records.slice(4).map(({ video }) => video));
    expect(events[0]).toEqual({ kind: 'resumed', done: 4, total: 9 });
    expect(result).toMatchObject({ finished: true, captioned: 9 });
    expect((await readClipList(output, () => {})).records).toHaveLength(9);
  });

  it.each([
    '{"key":"clips/4.mp4","captions":["ha',
    '{"key":"clips/4.mp4","captions":["half"]}',
    '{',
  ])('drops the line %j that it was writing when it was killed', async (half) => {
    await runUntil(4);
    appendFileSync(logOf(output), half);
    const source = testSource();
    await run(source);
    expect(source.asked[0]).toBe('clips/4.mp4');
    expect((await readClipList(output, () => {})).records[4]?.captions).toEqual([
      'of clips/4.mp4',
      'x',
    ]);
  });

  it('begins anew when its first line was written half, or its file is empty', async () => {
    for (const content of ['{"lacuna":"capt', '']) {
      writeFileSync(logOf(output), content);
      await run(testSource(), { overwrite: true });
      expect((await readClipList(output, () => {})).records).toHaveLength(9);
    }
  });

  it('is not gone on with by another source or other options', async () => {
    await runUntil(4);
    const before = readFileSync(logOf(output), 'utf8');
    const other = testSource({ facts: { source: 'test', size: 4, prompts: ['a'] } });
    await expect(run(other)).rejects.toThrow(
      /captions.jsonl.partial: captions were begun here with other options.*got size 4, prompts \["a"\], expected size 3, prompts none/,
    );
    expect(other.asked).toEqual([]);
    expect(readFileSync(logOf(output), 'utf8')).toBe(before);
    await run(other, { restart: true });
    expect(other.asked).toHaveLength(9);
  });

  it.each([
    'hello\n',
    '{"video":"a.mp4"}\n',
    '[1]\n',
    '{"lacuna":"captions","format":2,"facts":{}}\n',
  ])('leaves a file alone that is none of its own: %j', async (content) => {
    writeFileSync(logOf(output), content);
    await expect(run(testSource())).rejects.toThrow(/no file of captions that were begun/);
    expect(readFileSync(logOf(output), 'utf8')).toBe(content);
  });

  it('stops when asked to, keeping what it has', async () => {
    const stop = new AbortController();
    const outcome = ({ video }: ClipRecord): SourceOutcome => {
      if (video.includes('/3')) stop.abort();
      return { captions: [video] };
    };
    const { result } = await run(testSource({ outcome }), { signal: stop.signal });
    expect(result).toMatchObject({ finished: false, captioned: 4 });
    expect(existsSync(output)).toBe(false);
    const source = testSource();
    expect((await run(source)).result.finished).toBe(true);
    expect(source.asked).toHaveLength(5);
  });

  it('ends at the first failure, without waiting for what others wait for', async () => {
    const source: CaptionSource = {
      ...testSource({ concurrency: 3 }),
      caption: ({ video }, signal) =>
        video.includes('/2')
          ? Promise.reject(new LacunaError({ what: 'no such model' }))
          : new Promise((_, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason));
            }),
    };
    await expect(run(source)).rejects.toThrow('no such model');
  });
});
