import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClipRecord, MAX_CAPTION_LENGTH } from '../../data/index.js';
import { fillTemplate } from './caption-template.js';
import { cleanCaption } from './clean-caption.js';
import { labelCaptions } from './label-captions.js';
import { labelWords } from './label-words.js';

const record = (video: string, label?: string): ClipRecord => ({
  id: video,
  video,
  captions: [],
  ...(label === undefined ? {} : { label }),
});

describe('the words of a label', () => {
  it.each([
    ['ApplyEyeMakeup', 'apply eye makeup'],
    ['brush__hair', 'brush hair'],
    ['_shoot_ball_', 'shoot ball'],
    ['playing squash or racquetball', 'playing squash or racquetball'],
    ['Putting [something] on a surface', 'Putting something on a surface'],
    ['TVShow', 'TV show'],
    ['BalanceBeam2', 'balance beam2'],
    ['pull-up', 'pull-up'],
    ['YMCA', 'YMCA'],
    ['Surfing', 'Surfing'],
    ['trainÜberqueren', 'train überqueren'],
    ['  a   b ', 'a b'],
  ])('%j are %j', (label, words) => {
    expect(labelWords(label)).toBe(words);
  });
});

describe('a cleaned caption', () => {
  it.each([
    ['  a\tcat\r\n on\u00a0a \u2028 mat  ', 'a cat on a mat'],
    ['a\u0000\u001b[31m cat\u202e\u200b', 'a[31m cat'],
    ['lone \ud800 half', 'lone half'],
    ['می\u200cروم 👩\u200d🚒', 'می\u200cروم 👩\u200d🚒'],
    ['\n\t\u0007', ''],
  ])('of %j is %j', (text, clean) => {
    expect(cleanCaption(text)).toBe(clean);
  });

  it('is bounded, cut at a blank, and clean already', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 4000, max: 20_000 }).map((n) => 'ab 👍'.repeat(n)),
    );
    fc.assert(
      fc.property(text, (raw) => {
        const clean = cleanCaption(raw);
        expect(clean.length).toBeLessThanOrEqual(MAX_CAPTION_LENGTH);
        expect(clean).toBe(clean.trim());
        expect(clean).not.toMatch(/[\p{Cc}\p{Cs}]| {2}/u);
        expect(cleanCaption(clean)).toBe(clean);
      }),
    );
    expect(cleanCaption('word '.repeat(2000))).toHaveLength(4094);
    expect(cleanCaption('x'.repeat(9000))).toHaveLength(4096);
  });
});

describe('captions from labels', () => {
  const signal = new AbortController().signal;

  it('put its words into each template', async () => {
    const records = [record('a.mp4', 'ride_bike'), record('b.mp4')];
    const source = labelCaptions(records, ['{label}', 'a person doing {}: {label}!']);
    expect(await source.caption(record('a.mp4', 'ride_bike'), signal)).toEqual({
      captions: ['ride bike', 'a person doing ride bike: ride bike!'],
    });
    expect(await source.caption(record('b.mp4'), signal)).toEqual({ problem: 'it has no label' });
    expect(fillTemplate('{label}', '$& {label} $1')).toBe('$& {label} $1');
  });

  it.each([
    [[], /number of templates is wrong; got 0/],
    [['a video'], /does not say where the label goes; got "a video"/],
    [['a {lable}'], /does not say where the label goes.*no other name in braces/],
    [['{label} {video}'], /no other name in braces/],
    [[`{label}${'x'.repeat(2000)}`], /the template is too long/],
  ])('refuse the templates %j', (templates, message) => {
    expect(() => labelCaptions([record('a.mp4', 'x')], templates)).toThrow(message);
  });

  it('refuse videos without labels, and with numbers for labels', () => {
    expect(() => labelCaptions([record('a.mp4')])).toThrow(/none of the videos has a label/);
    const several = { ...record('a.mp4'), labels: { noun: 'cup', verb: 'take' } };
    expect(() => labelCaptions([several])).toThrow(
      /none of the videos has a label.*got a list that has labels by name: noun, verb/,
    );
    const numbered = [record('a.mp4', '3'), record('b.mp4', '14')];
    expect(() => labelCaptions(numbered)).toThrow(/the labels are numbers.*got "3".*--label-names/);
  });
});
