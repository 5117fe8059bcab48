// Tests against real servers: MLflow, PostgreSQL, Collector. See test/live/backends/README.md.
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { KEEP_WASM_WRAPPERS } from './test/keep-wasm-wrappers.ts';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/live/**/*.test.ts'],
    pool: 'forks',
    execArgv: KEEP_WASM_WRAPPERS,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 600_000,
    globalSetup: 'test/package/pack.ts',
  },
});

export default config;
