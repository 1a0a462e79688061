import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LacunaError } from '../../spec/index.js';
import { type AdapterReport, readAdapterReport } from './adapter-report.js';
import { adapterRows } from './adapter-table.js';
import { adaptersMarkdown } from './adapters-markdown.js';

const REPORT: AdapterReport = {
  format: 'lacuna-adapter/1',
  browser: 'Chrome 143.0',
  adapter: {
    description: 'maker chip',
    isSoftware: false,
    features: ['shader-f16'],
    limits: {
      ...{ storageBuffers: 10, bindingBytes: 2 ** 30, workgroups: 65_535 },
      ...{ invocations: 1024, workgroupBytes: 32_768 },
    },
  },
  clockMilliseconds: 0.1,
  results: [
    {
      precision: 'f32',
      factors: 'of f32',
      tiling: '16x16 lanes of 4x4, 16 deep',
      products: [
        { shape: [1000, 1000, 1000], milliseconds: 2 },
        { shape: [100, 100, 100], milliseconds: 1 },
      ],
      copies: [{ megabytes: 16, milliseconds: 1 }],
      steps: [{ size: 'tiny', batch: 8, gflop: 10, steps: 3, milliseconds: 40, compileSeconds: 1 }],
    },
  ],
  tilings: [],
};

it('gives rates, and shares of the best product', () => {
  expect(adapterRows(REPORT)).toEqual([
    {
      adapter: 'maker chip',
      browser: 'Chrome 143.0',
      precision: 'f32',
      product: '1000 (1000 x 1000 x 1000)',
      copy: '33.6 (16 MiB)',
      steps: { tiny: '40 ms, 25 %', small: 'not measured' },
    },
  ]);
});

it('reads what it was written from', () => {
  expect(readAdapterReport(JSON.stringify(REPORT), 'a.json')).toEqual(REPORT);
});

it.each([
  ['no JSON', '<html>', /a.json: the file is no JSON/],
  ['another format', { ...REPORT, format: 'lacuna-adapter/2' }, /got format: /],
  ['a long name', { ...REPORT, browser: 'x'.repeat(301) }, /got browser: /],
  ['a time of nothing', { ...REPORT, clockMilliseconds: 0 }, /got clockMilliseconds: /],
  [
    'a long list',
    { ...REPORT, tilings: Array(201).fill({ tiling: '', gflopsPerSecond: 1 }) },
    /tilings/,
  ],
  ['a long file', { ...REPORT, more: 'x'.repeat(2 ** 18) }, /the file is too long for a report/],
])('refuses %s in a sentence', (_, report, message) => {
  const text = typeof report === 'string' ? report : JSON.stringify(report);
  expect(() => readAdapterReport(text, 'a.json')).toThrow(message);
});

it('is refused in a sentence or read, wherever it was damaged', () => {
  const text = JSON.stringify(REPORT);
  let read = 0;
  for (let at = 0; at < text.length; at += 3) {
    for (const damaged of [text.slice(0, at), `${text.slice(0, at)}9${text.slice(at + 1)}`]) {
      try {
        adaptersMarkdown([readAdapterReport(damaged, 'a.json')]);
        read += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(LacunaError);
      }
    }
  }
  // Another letter of a name, or another digit, is another report.
  expect(read).toBeGreaterThan(10);
});

it("leaves of a stranger's text nothing that Markdown obeys", () => {
  const hostile =
    '|\n# <img src=x> [link](http://a.example) `code` www.evil.example me@evil.example\u202e\\';
  const page = adaptersMarkdown([{ ...REPORT, browser: hostile }]);
  const line = page.trimEnd().split('\n').at(-1) as string;
  expect(line.split('|')).toHaveLength(9);
  expect(line).toContain('`maker chip`');
  // All of it is in one span of code, in which Markdown obeys nothing, and makes no links.
  expect(line.split('|')[2]).toMatch(
    /^ `[^`|\\\u202e]*www\.evil\.example me@evil[^`|\\\u202e]*` $/,
  );
});

it('docs/adapters.md is made of the reports beside it', () => {
  const docs = join(import.meta.dirname, '..', '..', 'docs');
  const folder = join(docs, 'adapters');
  expect(existsSync(folder)).toBe(true);
  const reports = readdirSync(folder).map((file) =>
    readAdapterReport(readFileSync(join(folder, file), 'utf8'), file),
  );
  expect(reports.length).toBeGreaterThan(0);
  expect(readFileSync(join(docs, 'adapters.md'), 'utf8')).toBe(adaptersMarkdown(reports));
});
