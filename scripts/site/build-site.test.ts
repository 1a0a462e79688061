import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { html } from '../../formats/html/html.js';
import type { SitePage } from '../../site/page.js';
import { buildSite } from './build-site.js';

const PAGE: SitePage = {
  address: 'one.html',
  title: 'One',
  description: 'A page.',
  body: html`<h1>One</h1>`,
  entry: 'site/specification/search.ts',
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-site-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('names scripts by what is in them, and replaces a site as a whole', async () => {
  const out = join(folder, 'site');
  const other = { ...PAGE, address: 'index.html', entry: 'core/duration.ts' } as const;
  await buildSite([PAGE, other], out);
  const before = readFileSync(join(out, 'one.html'), 'utf8');
  const [script = ''] = /specification\/search-[A-Z0-9]{8}\.js/.exec(before) ?? [];
  expect(existsSync(join(out, script))).toBe(true);
  expect(before).toContain('<a href="one.html" aria-current="page">One</a>');
  const left = join(out, 'specification', 'left-over-0123ABCD.js');
  writeFileSync(left, '');
  await buildSite([PAGE, other], out);
  expect(readFileSync(join(out, 'one.html'), 'utf8')).toBe(before);
  expect(existsSync(left)).toBe(false);
  expect(readdirSync(folder)).toEqual(['site']);
});

it('touches no folder that has something else', async () => {
  const out = join(folder, 'mine');
  await buildSite([], out);
  writeFileSync(join(out, 'index.html'), 'mine');
  await expect(buildSite([PAGE], out)).rejects.toThrow('neither empty nor a site');
  expect(readFileSync(join(out, 'index.html'), 'utf8')).toBe('mine');
  await rm(out, { recursive: true });
  const site: SitePage[] = [{ ...PAGE, address: 'index.html' }];
  for (const path of ['notes.txt', join('photos', 'a.png'), join('specification', 'own.ts')]) {
    await buildSite(site, out);
    const own = join(out, path);
    mkdirSync(dirname(own), { recursive: true });
    writeFileSync(own, 'mine');
    await expect(buildSite(site, out)).rejects.toThrow('neither empty nor a site');
    expect(readFileSync(own, 'utf8')).toBe('mine');
    rmSync(path.startsWith('photos') ? dirname(own) : own, { recursive: true });
  }
});

it('says by which imports a module of Node came in that browsers have none of', async () => {
  const page = { ...PAGE, entry: 'protocol/group/tcp-group.ts' };
  await expect(buildSite([page], join(folder, 'none'))).rejects.toThrow(
    /browsers have no node:net, and there is no site\/node\/net\.ts\s+imported by protocol\/group\//,
  );
  expect(readdirSync(folder).filter((name) => name.startsWith('none'))).toEqual([]);
});
