// Unit, contract and end-to-end tests on the embedded store: Node and npm are all they need.
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/live/**'],
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 60_000, // some pack and install the package first
    coverage: { provider: 'v8', include: ['src/**'], thresholds: { lines: 90, statements: 90, functions: 90 } },
  },
});

export default config;
