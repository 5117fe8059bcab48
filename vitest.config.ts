// Unit, contract and end-to-end tests on the embedded store: Node and npm are all they need. Two minutes on two cores: what needs more is heavy.
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { KEEP_WASM_WRAPPERS } from './test/keep-wasm-wrappers.ts';

/** Rooms whose tests leave nothing behind in their process, an SDK above all, or work in children alone: their files share one. */
const ROOMS = '{artifacts,cli,collector,config,crash,logs,model,outbox,rest,runs,stores}';
const rooms = `test/${ROOMS}/**/*.test.ts`;
const packages = 'test/package/**/*.test.ts';
const others = ['test/live/**', 'test/**/*.heavy.test.ts'];

const config: ViteUserConfig = defineConfig({
  test: {
    pool: 'forks',
    execArgv: KEEP_WASM_WRAPPERS,
    maxWorkers: '150%', // most of these wait for children, timers and disks
    testTimeout: 60_000, // what ends a test that hangs, on the slowest machine too
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      thresholds: { lines: 90, statements: 90, functions: 90 },
    },
    projects: [
      { extends: true, test: { name: 'rooms', include: [rooms], exclude: others, isolate: false } },
      {
        extends: true,
        test: { name: 'jobs', include: ['test/**/*.test.ts'], exclude: [...others, rooms, packages] },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: [packages],
          exclude: others,
          isolate: false,
          globalSetup: 'test/package/pack.ts',
        },
      },
    ],
  },
});

export default config;
