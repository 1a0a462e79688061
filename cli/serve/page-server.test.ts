import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILT_SITE } from '../../core/testing/built.js';
import type { OwnServer } from './own-server.js';
import { startPageServer } from './page-server.js';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-page-'));
const site = join(folder, 'site');
let server: OwnServer;
beforeAll(async () => {
  cpSync(BUILT_SITE, site, { recursive: true });
  writeFileSync(join(folder, 'secret.js'), 'secret');
  writeFileSync(join(site, 'notes.md'), 'secret');
  symlinkSync(join(folder, 'secret.js'), join(site, 'prove', 'link.js'));
  symlinkSync(folder, join(site, 'prove', 'outside'));
  server = await startPageServer({ port: 0, site, name: 'gpu.example.org' });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Asks for a path as it is spelled here: a client of URLs would put it in order first. */
function ask(path: string, method = 'GET', host?: string): Promise<Answer> {
  const { hostname, port } = new URL(server.url);
  const headers = host === undefined ? {} : { host };
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, text });
      });
    })
      .on('error', reject)
      .end();
  });
}

describe('the page server', () => {
  it('serves the pages, their style and their scripts, and lets them do no more', async () => {
    const script = /src="([^"]*)"/.exec((await ask('/prove.html')).text)?.[1];
    for (const [path, type, policy] of [
      ['/', 'text/html', /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/],
      ['/prove.html?filter=primitive/', 'text/html', /form-action 'self'.*frame-ancestors 'none'$/],
      ['/style.css', 'text/css', /^default-src 'none'; frame-ancestors 'none'$/],
      [`/${script}`, 'text/javascript', /^default-src 'none'; frame-ancestors 'none'$/],
    ] as const) {
      const { status, headers } = await ask(path);
      expect([status, headers['content-type']]).toEqual([200, `${type}; charset=utf-8`]);
      expect(headers['content-security-policy']).toMatch(policy);
      expect(headers['content-security-policy']).not.toMatch(/unsafe|http|\*/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    }
  });

  it('answers HEAD as GET without the body, and no other method', async () => {
    const [get, head] = [await ask('/style.css'), await ask('/style.css', 'HEAD')];
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.headers['content-length']).toBe(String(Buffer.byteLength(get.text)));
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
      const { status, headers } = await ask('/', method);
      expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
    }
  });

  it.each([
    '/prove/../../secret.js',
    '/prove/%2e%2e/%2e%2e/secret.js',
    '/prove/..%5c..%5csecret.js',
    '/prove/link.js',
    '/prove/outside/secret.js',
    '//etc/passwd',
    '/etc/passwd',
    '/notes.md',
    '/package.json',
    '/prove/',
    '/prove',
    '/style.css%00',
    'http://elsewhere.example/style.css',
    '/constructor',
  ])('has nothing at %s', async (path) => {
    expect(await ask(path)).toMatchObject({ status: 404, text: 'Nothing is here.\n' });
  });

  it('answers to its own names and to bare addresses, since names can be made to point here', async () => {
    for (const host of [
      'localhost:80',
      '127.0.0.1',
      '[::1]:8787',
      'LOCALHOST',
      'gpu.example.org',
    ]) {
      expect([host, (await ask('/', 'GET', host)).status]).toEqual([host, 200]);
    }
    for (const host of ['attacker.example', 'localhost.attacker.example', '127.0.0.1.nip.io']) {
      const { status, text } = await ask('/style.css', 'GET', host);
      expect([host, status]).toEqual([host, 421]);
      expect(text).not.toContain('color');
    }
  });

  it('says what to do where it cannot start', async () => {
    await expect(startPageServer({ port: 0, site: folder })).rejects.toThrow('npm run build');
    const port = Number(new URL(server.url).port);
    await expect(startPageServer({ port, site })).rejects.toThrow('--port');
  });
});
