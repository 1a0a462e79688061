import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['{spec,core,reference,backends,conformance,data,training,cli,scripts}/**/*.test.ts'],
    testTimeout: 120_000,
    pool: 'forks',
  },
});

export default config;
