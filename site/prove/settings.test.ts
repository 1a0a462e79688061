import { describe, expect, it } from 'vitest';
import { browserName } from '../frame/browser.js';
import { requireGpu } from '../frame/unavailable.js';
import { checkList, failureList } from './list.js';
import { choicesInWords, parseSettings, unusualChoices } from './settings.js';
import { matrix } from './tables.js';

describe('the settings of the page', () => {
  const usual = {
    filter: '',
    cases: 30,
    seed: 1,
    fuse: true,
    defaultLimits: false,
    subgroups: true,
    precision: 'f32',
  };

  it('are read from the query, empty fields of the form as if they were not there', () => {
    expect(parseSettings('')).toEqual(usual);
    expect(
      parseSettings('?filter=&clause=&cases=&seed=&fuse=on&limits=highest&subgroups=on'),
    ).toEqual(usual);
    expect(
      parseSettings(
        '?filter=primitive%2F&clause=op.add&cases=5&seed=0&fuse=off&limits=default&subgroups=off&precision=mixed',
      ),
    ).toEqual({
      filter: 'primitive/',
      cases: 5,
      seed: 0,
      clause: 'op.add',
      fuse: false,
      defaultLimits: true,
      subgroups: false,
      precision: 'mixed',
    });
  });

  it.each([
    ['?cases=0', 'expected a whole number from 1 to 10000'],
    ['?cases=10001', 'got 10001'],
    ['?cases=1e3', 'got 1e3'],
    ['?seed=-1', 'expected a whole number from 0 to 9007199254740991'],
    ['?fuse=no', 'expected on or off'],
    ['?limits=low', 'expected highest or default'],
    ['?case=5', 'no parameter of this name; got case'],
  ])('are refused where they are wrong: %s', (query, message) => {
    expect(() => parseSettings(query)).toThrow(message);
  });
});

describe('what of the choices is told', () => {
  it.each([
    ['', {}, ''],
    ['?filter=primitive/&clause=op.add&cases=30&seed=1&fuse=on', {}, ''],
    [
      '?cases=5&seed=7&fuse=off&limits=default&subgroups=off&precision=mixed',
      {
        ...{ cases: '5', seed: '7', fuse: 'off' },
        ...{ limits: 'default', subgroups: 'off', precision: 'mixed' },
      },
      'cases 5, seed 7, fuse off, limits default, subgroups off, precision mixed',
    ],
  ])('is what is not usual: %s', (query, choices, words) => {
    const settings = parseSettings(query);
    expect(unusualChoices(settings)).toEqual(choices);
    expect(choicesInWords(settings)).toBe(words);
  });
});

describe('what the page shows', () => {
  const nasty = '<img src=x onerror=alert(1)>';

  it('is text where it is text', () => {
    const report = {
      id: nasty,
      level: 1,
      clauses: [nasty],
      seconds: 0,
      verdict: 'fail',
      cases: 1,
      elements: 1,
      undecided: 0,
      worstRatio: 0,
      known: nasty,
      failure: { address: nasty, what: nasty },
    } as const;
    const failures = failureList([report], parseSettings(''));
    for (const { text } of [...failures, checkList([report])]) {
      expect(text).toContain('&#60;img');
      expect(text).not.toContain('<img');
    }
  });

  it('counts verdicts by level, and what is still to come among the checks only', () => {
    const { text: table } = matrix([
      { id: 'a', level: 1, verdict: 'pass' },
      { id: 'b', level: 1, verdict: 'fail' },
      { id: 'c', level: 1 },
    ]);
    const text = table.replaceAll(/<[^>]*>/g, ' ');
    expect(text.split('\n').map((line) => line.trim().split(/\s+/))).toEqual([
      ['level', 'pass', 'fail', 'vacuous', 'unsupported', 'blocked', 'not-run', 'checks'],
      ['1', 'operations', '1', '1', '0', '0', '0', '0', '3'],
      ['all', '1', '1', '0', '0', '0', '0', '3'],
    ]);
  });

  it('names the browser', () => {
    const chrome = 'Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0';
    expect(browserName(`${chrome} Safari/537.36`)).toBe('Chrome 143.0.0.0');
    expect(browserName(`${chrome} Safari/537.36 Edg/143.0.1`)).toBe('Edge 143.0.1');
    expect(browserName('Mozilla/5.0 (X11; rv:145.0) Gecko/20100101 Firefox/145.0')).toBe(
      'Firefox 145.0',
    );
    expect(browserName('AppleWebKit/605.1.15 Version/26.0 Mobile/15E148 Safari/604.1')).toBe(
      'Safari 26.0',
    );
    expect(browserName('something else')).toBe('something else');
  });

  it('says how to come by WebGPU where the page is of another machine', async () => {
    const browser = { navigator: { userAgent: '' }, isSecureContext: false };
    await expect(requireGpu(browser)).rejects.toThrow('localhost');
  });
});
