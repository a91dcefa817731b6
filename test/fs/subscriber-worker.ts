import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { TreeVersions } from '../../src/fs/tree-messages.ts';
import { TreeSubscriber } from '../../src/fs/tree-subscriber.ts';

export interface SubscriberJob {
  readonly port: MessagePort;
  readonly versions: SharedArrayBuffer;
  /** The name that ends the job. */
  readonly last: string;
}

/** Like the fuse thread: it never turns its event loop, and looks for changes between two waits. */
const { port, versions, last }: SubscriberJob = workerData;
const subscriber = new TreeSubscriber(port, new TreeVersions(versions));
const nothing = new Int32Array(new SharedArrayBuffer(4));
while (subscriber.table.lookup(Buffer.from(last)) === undefined) {
  subscriber.update();
  Atomics.wait(nothing, 0, 0, 1);
}
const { table } = subscriber;
parentPort?.postMessage(
  Array.from({ length: table.size }, (_, at) => Buffer.from(table.at(at)?.name ?? []).toString()),
);
