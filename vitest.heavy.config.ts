// What is like the tests of vitest.config.ts but takes minutes: whole tables, big bursts, a hundred deaths. Node and npm are all it needs.
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { KEEP_WASM_WRAPPERS } from './test/keep-wasm-wrappers.ts';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.heavy.test.ts'],
    pool: 'forks',
    execArgv: KEEP_WASM_WRAPPERS,
    fileParallelism: false, // some hold ends to a clock, and most have many children of their own
    testTimeout: 60_000,
    hookTimeout: 60_000,
    globalSetup: 'test/package/pack.ts',
  },
});

export default config;
