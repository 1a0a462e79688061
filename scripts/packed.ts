import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Packs the project as npm would publish it, installs that into an empty folder as a stranger would, and
 * trains three steps of the demo with the installed command:
 *
 *     npx tsx scripts/packed.ts
 *
 * Ends with 1 where one of them fails, or the run leaves no checkpoint and no report. Needs npm's registry.
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
  console.log(`lacuna ${version}, packed and installed, trains the demo and writes its report`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
