import { defineConfig } from 'vitest/config';

/**
 * `unit` runs from sources in seconds. `mount` runs the built program on real mounts in child processes, one file after
 * another, because mounts, seeders and the page cache are shared by the whole machine.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/mount/**'], testTimeout: 20_000 },
      },
      {
        test: {
          name: 'mount',
          include: ['test/mount/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
