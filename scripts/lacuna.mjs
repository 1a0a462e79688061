// `npm run lacuna -- ...`: the built command line, built anew first where a source is newer than the
// build. Plain JavaScript, so that nothing has to be translated before it starts. The installed
// package starts dist/cli/main.js itself.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const CONFIG = join(ROOT, 'tsconfig.build.json');
/** Written after a build without errors; its time is that of the build's begin. */
const STAMP = join(ROOT, 'dist', '.built');

if (newest() > (statSync(STAMP, { throwIfNoEntry: false })?.mtimeMs ?? 0)) build();
await import('../dist/cli/main.js');

/** When anything that the build reads was changed, in ms; a folder's time tells of files removed. */
function newest() {
  const { include } = JSON.parse(readFileSync(CONFIG, 'utf8'));
  let time = 0;
  const visit = (path, isFolder) => {
    time = Math.max(time, statSync(path).mtimeMs);
    if (!isFolder) return;
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) visit(join(path, entry.name), true);
      else if (/(?<!\.test)\.(ts|json)$/.test(entry.name)) visit(join(path, entry.name), false);
    }
  };
  // A pattern of files lies in one of the folders; the site is built beside them, by scripts of its own.
  for (const path of [...include.filter((each) => !each.includes('*')), 'site', 'scripts/site'])
    visit(join(ROOT, path), true);
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/site.ts'])
    visit(join(ROOT, name), false);
  return time;
}

function build() {
  const begin = new Date();
  console.error('The sources are newer than the build: building, which takes some seconds.');
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: ROOT,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(STAMP, '');
  utimesSync(STAMP, begin, begin);
}
