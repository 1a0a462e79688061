import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config';
import gate from './vitest.config.js';

/** What `npm test` leaves out, in the same set-up: `npm run test:long`. CONTRIBUTING.md says what belongs here. */
const config: ViteUserConfig = defineConfig({
  test: {
    ...gate.test,
    include: ['**/*.long.test.ts'],
    exclude: configDefaults.exclude,
    // A test that takes half a minute on quiet cores takes more than the gate's two on busy ones.
    testTimeout: 300_000,
  },
});

export default config;
