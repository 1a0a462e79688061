import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config';
import gate from './vitest.config.js';

/** What `npm test` leaves out, in the same set-up: `npm run test:long`. CONTRIBUTING.md says what belongs here. */
const config: ViteUserConfig = defineConfig({
  test: { ...gate.test, include: ['**/*.long.test.ts'], exclude: configDefaults.exclude },
});

export default config;
