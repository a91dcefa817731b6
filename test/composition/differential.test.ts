import { describe, expect, it } from 'vitest';
import { ReadScenario } from './read-scenario.ts';

const OPERATIONS = Number(process.env['READ_OPERATIONS'] ?? 100_000);
/** A time box in processor time, so that a busy machine does not make the test a smaller one. */
const LIMIT_CPU_MS = OPERATIONS;
const OPERATIONS_PER_SCENARIO = 2_000;

/**
 * Random requests for random torrents through both dispatchers of a mount, over an engine that stalls, breaks and loses pieces,
 * against the payload. They are the same each time; `READ_SEED` gives others, and `READ_OPERATIONS` more of them.
 */
describe('any sequence of opens, reads, interrupts and closes', () => {
  it('gives the payload or an error that something explains, and leaves nothing behind', {
    timeout: 900_000,
  }, async () => {
    const firstSeed = Number(process.env['READ_SEED'] ?? 1);
    const startedAt = process.cpuUsage();
    const isInTime = (): boolean => process.cpuUsage(startedAt).user < LIMIT_CPU_MS * 1000;
    const answered: Record<string, number> = {};
    let operations = 0;
    let seed = firstSeed;
    for (; operations < OPERATIONS && isInTime(); seed++) {
      try {
        const outcomes = await new ReadScenario(seed).run(OPERATIONS_PER_SCENARIO);
        for (const [outcome, count] of Object.entries(outcomes)) answered[outcome] = (answered[outcome] ?? 0) + count;
        operations += OPERATIONS_PER_SCENARIO;
      } catch (error) {
        throw new Error(`READ_SEED=${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
      }
    }
    if (process.env['READ_OPERATIONS'] !== undefined) console.log(`seeds ${firstSeed} to ${seed}:`, answered);
    expect(operations, `seeds ${firstSeed} to ${seed}`).toBeGreaterThanOrEqual(OPERATIONS);
    // Each lane had its share, or this would test less than it says.
    expect(Math.min(answered['fast'] ?? 0, answered['slow'] ?? 0)).toBeGreaterThan(OPERATIONS / 10);
  });
});
