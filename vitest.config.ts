import { defineConfig } from 'vitest/config';

/**
 * unit: beside the code, no processes, no network beyond loopback. system: real processes built into dist/.
 * chaos: the long forms, run by `npm run chaos`.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{proto,agent,fileserver-agent,switch-agent,controller}/**/*.test.ts', 'test/{arch,contract,sim}/**/*.test.ts'],
          exclude: ['**/*.system.test.ts', '**/node_modules/**'],
          testTimeout: 30_000,
        },
      },
      {
        test: { name: 'system', include: ['test/system/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false },
      },
      {
        test: { name: 'chaos', include: ['test/chaos/**/*.test.ts'], testTimeout: 3_600_000, hookTimeout: 120_000, fileParallelism: false },
      },
    ],
  },
});
