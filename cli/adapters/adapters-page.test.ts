import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { writeAdaptersPage } from './adapters-page.js';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-adapters-'));
afterAll(() => rmSync(folder, { recursive: true }));

const limits = {
  ...{ storageBuffers: 8, bindingBytes: 2 ** 27, workgroups: 65_535 },
  ...{ invocations: 256, workgroupBytes: 16_384 },
};
const report = (description: string): object => ({
  format: 'lacuna-adapter/1',
  browser: 'Firefox 141.0',
  adapter: { description, isSoftware: true, features: [], limits },
  clockMilliseconds: 1,
  results: [
    {
      ...{ precision: 'f32', factors: 'of f32', tiling: '' },
      ...{ products: [{ shape: [256, 256, 256], milliseconds: 16.777216 }], copies: [], steps: [] },
    },
  ],
  tilings: [],
});

it('writes a table of the reports, in which a name is text alone', async () => {
  const [one, two] = [join(folder, 'one.json'), join(folder, 'two.json')];
  writeFileSync(one, JSON.stringify(report('<script>alert(1)</script>')));
  writeFileSync(two, JSON.stringify(report('maker chip')));
  const out = join(folder, 'adapters.html');
  const { text } = await writeAdaptersPage([one, two], out);
  expect(text).toContain(
    'maker chip (in software) | Firefox 141.0 | f32 | 2 (256 x 256 x 256) | not measured',
  );
  const page = readFileSync(out, 'utf8');
  expect(page.match(/<tr>/g)).toHaveLength(3);
  expect(page).toContain('&#60;script&#62;alert(1)');
  expect(page).not.toContain('<script');
});

it('writes nothing where a file is no report', async () => {
  const file = join(folder, 'wrong.json');
  writeFileSync(file, '{"format":"lacuna-conformance/1"}');
  const out = join(folder, 'none.html');
  await expect(writeAdaptersPage([file], out)).rejects.toThrow(
    /wrong.json: the file is no report of an adapter; got format/,
  );
  expect(() => readFileSync(out)).toThrow('ENOENT');
});
