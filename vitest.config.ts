import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** For how long a test asks again: below what it may take. A second, as it is by default, is nothing on a busy machine. */
const patience = (patienceMs: number) => ({ expect: { poll: { timeout: patienceMs } }, provide: { patienceMs } });

/**
 * `unit` runs from sources in seconds. The others run the built program on real mounts in child processes, one file after
 * another, because mounts, seeders and the page cache are shared by the whole machine; those of `suite` share a corpus of
 * torrents, which takes a while to make.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          ...patience(45_000),
          include: ['test/**/*.test.ts'],
          exclude: ['test/mount/**'],
          setupFiles: ['test/fixtures/repeatable-properties.ts'],
          // Half of the processor time was spent on loading the same modules for each file anew.
          isolate: false,
          // Vitest would leave one processor alone, half of a small machine, while many files wait for a timer or a socket.
          maxWorkers: Math.max(2, availableParallelism()),
          // Ten times what the longest takes: whoever waits for nothing is found all the same.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'mount',
          ...patience(60_000),
          include: ['test/mount/**/*.test.ts'],
          exclude: ['test/mount/suite/**'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'suite',
          ...patience(60_000),
          include: ['test/mount/suite/**/*.test.ts'],
          globalSetup: ['test/mount/suite/global-setup.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
