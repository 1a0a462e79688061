import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILT } from '../../core/testing/built.js';
import type { OwnServer } from './own-server.js';
import { startPageServer } from './page-server.js';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-page-'));
const compiled = join(folder, 'compiled');
let server: OwnServer;
beforeAll(async () => {
  cpSync(BUILT, compiled, { recursive: true });
  writeFileSync(join(folder, 'secret.js'), 'secret');
  symlinkSync(join(folder, 'secret.js'), join(compiled, 'spec', 'link.js'));
  symlinkSync(folder, join(compiled, 'spec', 'outside'));
  server = await startPageServer({ port: 0, compiled, name: 'gpu.example.org' });
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

async function importMap(): Promise<{ readonly text: string; readonly imports: object }> {
  const { text: page } = await ask('/');
  const text = /<script type="importmap">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
  return { text, ...(JSON.parse(text) as { imports: object }) };
}

describe('the page server', () => {
  it('serves the page, its style and its modules, and lets the page do no more', async () => {
    const page = await ask('/?filter=primitive/');
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const hash = createHash('sha256')
      .update((await importMap()).text)
      .digest('base64');
    expect(page.headers['content-security-policy']).toContain(
      `default-src 'none'; script-src 'self' 'sha256-${hash}'`,
    );
    expect(page.headers['content-security-policy']).not.toMatch(/unsafe|http|\*/);
    for (const [path, type] of [
      ['/style.css', 'text/css'],
      ['/modules/cli/page/conformance-page.js', 'text/javascript'],
      ['/packages/fast-check/lib/fast-check.js', 'text/javascript'],
    ] as const) {
      const { status, headers } = await ask(path);
      expect([status, headers['content-type']]).toEqual([200, `${type}; charset=utf-8`]);
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
    '/modules/spec/../../secret.js',
    '/modules/spec/%2e%2e/%2e%2e/secret.js',
    '/modules/spec/..%5c..%5csecret.js',
    '/modules/spec/link.js',
    '/modules/spec/outside/secret.js',
    '//etc/passwd',
    '/etc/passwd',
    '/package.json',
    '/packages/zod/package.json',
    '/packages/zod/../typescript/lib/typescript.js',
    '/modules/spec/errors.ts',
    '/modules/spec/',
    '/modules/spec',
    '/modules/cli/main.js',
    '/modules/backends/onnx/index.js',
    '/modules/spec/errors.js%00',
    'http://elsewhere.example/modules/spec/errors.js',
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
      const { status, text } = await ask('/modules/spec/errors.js', 'GET', host);
      expect([host, status]).toEqual([host, 421]);
      expect(text).not.toContain('export');
    }
  });

  it('serves every module that the page imports, and none of them needs Node', async () => {
    const { imports } = await importMap();
    const seen = new Set(['/modules/cli/page/conformance-page.js']);
    for (const path of seen) {
      const { status, text } = await ask(path);
      expect([path, status]).toEqual([path, 200]);
      for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
        const bare = !fileName.startsWith('.');
        const mapped = (imports as Record<string, string>)[fileName];
        if (bare) expect([path, fileName, mapped]).toEqual([path, fileName, expect.any(String)]);
        seen.add(mapped ?? new URL(fileName, `http://page${path}`).pathname);
      }
    }
    expect(seen.size).toBeGreaterThan(200);
  });

  it('says what to do where it cannot start', async () => {
    await expect(startPageServer({ port: 0, compiled: folder })).rejects.toThrow('npm run build');
    const port = Number(new URL(server.url).port);
    await expect(startPageServer({ port, compiled })).rejects.toThrow('--port');
  });
});
