import { readFileSync, readlinkSync } from 'node:fs';

/** The number that Linux has for the calling thread, such as `top -H` shows; another than Node's `threadId`. */
export function currentOsThread(): number {
  return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
}

/**
 * CPU time of a thread of this process, in user and system mode.
 *
 * @returns undefined when there is no such thread
 */
export function osThreadCpuSeconds(osThread: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/self/task/${osThread}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // proc_pid_stat(5): the name in parentheses may hold anything, the 12th and 13th field after it are utime and stime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** USER_HZ, which is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;
