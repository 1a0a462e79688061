import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config';
import { BUILT } from './core/testing/built.js';
import LongestFirst from './scripts/longest-first.js';
import NotRunReporter from './scripts/not-run-reporter.js';

const ROOMS =
  'spec|core|formats|protocol|reference|backends|conformance|data|run|teacher|evaluation|training|cli';

const config: ViteUserConfig = defineConfig({
  test: {
    include: [
      '{spec,core,formats,protocol,reference,backends,conformance,data,run,teacher,evaluation,training,site,cli,scripts}/**/*.test.ts',
    ],
    // `vitest.long.config.ts` has them.
    exclude: [...configDefaults.exclude, '**/*.long.test.ts'],
    setupFiles: ['scripts/built-sources.ts', 'scripts/fixed-seed.ts', 'scripts/no-defects.ts'],
    // What is tested is loaded by Node (`built-sources.ts`); tests themselves by Vitest.
    server: { deps: { external: [sources()] } },
    // No index of a video that other sources made, nor a file in a person's cache.
    env: { LACUNA_CACHE: '', LACUNA_BUILT: BUILT },
    globalSetup: ['scripts/transpile.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    // Files of a worker share its modules: to load and compile the sources anew for each took a third of the time.
    isolate: false,
    execArgv: [
      // Cases are short-lived and large: with Node's 16 MB for young objects a fifth of the time went into copying them.
      '--max-semi-space-size=64',
      // Most code runs for seconds in all: what V8 optimised after its usual share of work cost more than it gained.
      // Node 20's V8 alone is told: later ones optimise in other steps, and refuse the flag.
      ...(process.versions.node.startsWith('20.') ? ['--interrupt-budget=528000'] : []),
    ],
    sequence: { sequencer: LongestFirst },
    reporters: ['default', new NotRunReporter()],
  },
});

/** The files of the rooms that are no tests, by their paths. */
function sources(): RegExp {
  const root = import.meta.dirname.replaceAll('\\', '/').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${root}/(${ROOMS})/.*(?<!\\.test)\\.ts$`);
}

export default config;
