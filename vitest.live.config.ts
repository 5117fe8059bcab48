// Tests against real servers: MLflow, PostgreSQL, Collector. See test/live/backends/README.md.
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/live/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 600_000,
    globalSetup: 'test/package/pack.ts',
  },
});

export default config;
