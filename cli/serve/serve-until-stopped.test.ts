import { once } from 'node:events';
import { expect, it } from 'vitest';
import { lacuna } from '../testing/lacuna.js';

it('tells its address and what it serves on one line, and ends well by Ctrl-C', async () => {
  let page: Promise<number> | undefined;
  const { code, stdout, stderr } = await lacuna(['serve', '--port', '0', '--json'], {
    started: (child) => {
      if (child.stdout === null) throw new Error('there is no output');
      page = once(child.stdout, 'data').then(async ([line]) => {
        const { url } = JSON.parse(String(line)) as { readonly url: string };
        const { status } = await fetch(url);
        child.kill('SIGINT');
        return status;
      });
    },
  });
  expect([code, stderr, await page]).toEqual([0, '', 200]);
  expect(stdout).toMatch(
    /^\{"url":"http:\/\/127\.0\.0\.1:\d+\/","pages":\["index\.html",.*"train\.html"\]\}\n$/,
  );
});
