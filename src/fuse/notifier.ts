import { Worker } from 'node:worker_threads';
import { encodeInvalidateEntry, encodeInvalidateInode } from './codec/notification.ts';
import type { NodeId } from './filesystem.ts';

/** What the mounting thread asks of the notifier thread: write these to the device. It answers `null` when it has. */
export type NotificationBatch = readonly Uint8Array[];

/**
 * Tells the kernel to forget what it remembers. A notification waits in the kernel for the very locks that a pending request
 * holds (an entry for its directory's, an inode for pages under read), so it is written by a thread that owes the kernel no
 * reply, and nobody waits for it. Meanwhile further ones are merged: at most one of a kind is kept.
 */
export class Notifier {
  /** Not yet given to the thread, by what they concern. */
  readonly #waiting = new Map<string, Uint8Array>();
  readonly #worker: Worker;
  #writing = false;
  #stopped = false;

  /**
   * The thread starts now, not with the first notification: until that is written the kernel shows what is gone.
   *
   * @param fd the device; it must stay open until {@link stop} resolves
   */
  constructor(fd: number) {
    this.#worker = new Worker(new URL('./notifier-thread.js', import.meta.url), {
      name: 'fuse-notify',
      workerData: fd,
    });
    this.#worker.unref(); // the mount keeps the process alive, not this
    this.#worker.on('message', () => {
      this.#writing = false;
      this.#writeWaiting();
    });
  }

  /** The kernel asks again when the name is next used. */
  invalidateEntry(parent: NodeId, name: Uint8Array): void {
    this.#add(`entry ${parent} ${Buffer.from(name).toString('latin1')}`, encodeInvalidateEntry(parent, name));
  }

  /** The kernel drops the node's attributes and its cached pages from `offset` on; 0 for `length` means all of them. */
  invalidateInode(node: NodeId, offset = 0, length = 0): void {
    this.#add(`inode ${node} ${offset} ${length}`, encodeInvalidateInode(node, offset, length));
  }

  /** Drops what waits. Resolves when the thread is gone: at the latest when the mount is. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    await this.#worker.terminate();
  }

  #add(key: string, notification: Uint8Array): void {
    if (this.#stopped) return;
    this.#waiting.set(key, notification);
    this.#writeWaiting();
  }

  #writeWaiting(): void {
    if (this.#writing || this.#waiting.size === 0) return;
    this.#writing = true;
    const batch: NotificationBatch = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#worker.postMessage(batch);
  }
}
