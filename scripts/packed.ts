import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Packs the project as npm would publish it, installs that into an empty folder as a stranger would,
 * trains three steps of the demo with the installed command, and asks for every page of the site that it serves:
 *
 *     npx tsx scripts/packed.ts
 *
 * Ends with 1 where one of them fails, the run leaves no checkpoint and no report, or a page is not there. Needs npm's registry.
 */
const ROOT = resolve(import.meta.dirname, '..');
const NODE_AV = 'node-av@6.1.1';

function run(folder: string, command: string, ...options: readonly string[]): string {
  return execFileSync(command, options, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 600_000,
  });
}

/** Asks `lacuna serve` for its pages. Gives how many there are. */
async function servedPages(folder: string): Promise<number> {
  const command = join(folder, 'node_modules', 'lacuna', 'dist', 'cli', 'main.js');
  const child = spawn(process.execPath, [command, 'serve', '--port', '0', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = await once(child.stdout, 'data');
    const { url, pages } = JSON.parse(String(line)) as { url: string; pages: readonly string[] };
    for (const page of pages) {
      const { status } = await fetch(new URL(page, url));
      if (status !== 200) throw new Error(`${page} is not served: ${status}`);
    }
    if (pages.length === 0) throw new Error('no page is served');
    return pages.length;
  } finally {
    child.kill();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'lacuna-packed-'));
try {
  run(ROOT, 'npm', 'run', '--silent', 'build');
  const [packed = ''] = run(ROOT, 'npm', 'pack', '--silent', '--pack-destination', folder)
    .trim()
    .split('\n')
    .slice(-1);
  const app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "private": true }\n');
  // Install scripts fetch libraries for CUDA, and fail where they cannot: README.md says so, too.
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  run(app, 'npm', 'install', ...options, join(folder, packed), NODE_AV);
  const version = run(app, 'npx', 'lacuna', '--version').trim();
  run(app, 'npx', 'lacuna', 'demo', '--steps', '3');
  const runs = readdirSync(join(app, 'runs'));
  const whole = runs.filter((name) => {
    const checkpoints = readdirSync(join(app, 'runs', name, 'checkpoints'));
    return checkpoints.includes('step-00000003');
  });
  const reports = runs.filter((name) =>
    readdirSync(join(app, 'runs', name)).includes('report.html'),
  );
  if (whole.length !== 2 || reports.length !== 1) {
    throw new Error(`the demo left ${whole.length} checkpoints and ${reports.length} reports`);
  }
  const pages = await servedPages(app);
  console.log(
    `lacuna ${version}, packed and installed, trains the demo, writes its report and serves ${pages} pages`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
