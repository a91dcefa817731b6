import { readdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** What the system and the runtime tell of this process. */
export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly openDescriptors: number;
  readonly startedAtSeconds: number;
  readonly eventLoopBusySeconds: number;
}

export function readProcessFigures(): ProcessFigures {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: rss,
    heapBytes: heapUsed,
    openDescriptors: readdirSync('/proc/self/fd').length - 1, // the one that lists them
    startedAtSeconds: Date.now() / 1000 - process.uptime(),
    eventLoopBusySeconds: performance.eventLoopUtilization().active / 1000,
  };
}
