import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { NotificationBatch } from './notifier.ts';

/** Writes notifications to the device; each may block for as long as a request of the mount is unanswered. */
if (parentPort === null) throw new Error('notifier-thread runs in a worker only');
const port = parentPort;
const fd: number = workerData;

port.on('message', (batch: NotificationBatch) => {
  for (const notification of batch) {
    try {
      writeSync(fd, notification);
    } catch {
      // ENOENT: the kernel remembers no such thing, which is what was wanted. ENODEV: the mount is over.
    }
  }
  port.postMessage(null);
});
