import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Child processes, never threads: onnxruntime-node and better-sqlite3 are native, and loading the
    // former twice in one process aborts it (docs/architecture.md).
    pool: 'forks',
    execArgv: ['--unhandled-rejections=strict'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
