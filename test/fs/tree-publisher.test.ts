import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterEach, describe, expect, it } from 'vitest';
import type { RootTable } from '../../src/fs/root-table.ts';
import { buildTorrentTree } from '../../src/fs/torrent-tree-builder.ts';
import { TreePublisher } from '../../src/fs/tree-publisher.ts';
import { TreeSubscriber } from '../../src/fs/tree-subscriber.ts';
import { detailsOfFiles } from '../fixtures/torrent-details.ts';
import type { SubscriberJob } from './subscriber-worker.ts';

const tree = buildTorrentTree(detailsOfFiles([{ path: 'dir/file' }]), 0);
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** Both ends in one thread; `posted` counts the messages that main has sent. */
function connect() {
  const { port1, port2 } = new MessageChannel();
  const posted = countPosts(port1);
  const publisher = new TreePublisher({ port: port1, now: () => 1_700_000_000_000 });
  const subscriber = new TreeSubscriber(port2, publisher.versions);
  cleanUps.push(() => publisher.close());
  return { publisher, subscriber, posted, askedForMore: () => once(port1, 'message') };
}

function countPosts(port: MessagePort): { count: number } {
  const posted = { count: 0 };
  const post = port.postMessage.bind(port);
  port.postMessage = (message: unknown) => {
    posted.count += 1;
    post(message);
  };
  return posted;
}

/** Lets main hear what it is asked. */
const mainTurn = () => new Promise(resolve => setImmediate(resolve));

function listing(table: RootTable): string[] {
  return Array.from({ length: table.size }, (_, index) => Buffer.from(table.at(index)?.name ?? []).toString());
}

async function bundle(file: string): Promise<string> {
  const entryPoints = [fileURLToPath(new URL(file, import.meta.url))];
  const { outputFiles } = await build({ entryPoints, bundle: true, write: false, platform: 'node', format: 'cjs' });
  return outputFiles[0]?.text ?? '';
}

describe('the root table of the fuse thread', () => {
  it('has a change as soon as it looks', () => {
    const { publisher, subscriber } = connect();
    const slot = publisher.add('one', tree);
    subscriber.update();
    expect(subscriber.behind).toBe(false);
    expect(listing(subscriber.table)).toEqual(['one']);
    expect(subscriber.table.get(slot)?.tree.resolve(['dir', 'file'])).toBe(tree.resolve(['dir', 'file']));
    expect(subscriber.table.changedAtSeconds).toBe(1_700_000_000);

    publisher.remove(slot);
    subscriber.update();
    expect(subscriber.behind).toBe(false);
    expect(listing(subscriber.table)).toEqual([]);
  });

  it('is behind, and says so, while changes are merged for the next message', async () => {
    const { publisher, subscriber, posted, askedForMore } = connect();
    const asked = askedForMore();
    const first = publisher.add('one', tree);
    const others = ['two', 'three', 'four'].map(name => publisher.add(name, tree));
    publisher.rename(others[0] ?? 0, 'deux');
    publisher.remove(others[1] ?? 0);
    publisher.remove(first);
    publisher.setVirtualNames(['x.magnet']);
    expect(posted.count).toBe(1);

    subscriber.update();
    expect(subscriber.behind).toBe(true);
    expect(listing(subscriber.table)).toEqual(['one']);

    await asked;
    expect(posted.count).toBe(2);
    subscriber.update();
    expect(subscriber.behind).toBe(false);
    expect(listing(subscriber.table)).toEqual(['deux', 'four']);
    expect(subscriber.table.isVirtualName(Buffer.from('x.magnet'))).toBe(true);
    expect(listing(publisher.table)).toEqual(['deux', 'four']);
  });

  it('leaves one message waiting, however long it sleeps', async () => {
    const { publisher, subscriber, posted, askedForMore } = connect();
    const asked = askedForMore();
    for (let round = 0; round < 1000; round += 1) publisher.remove(publisher.add(`torrent ${round}`, tree));
    await mainTurn();
    expect(posted.count).toBe(1);
    subscriber.update();
    await asked;
    subscriber.update();
    expect(subscriber.behind).toBe(false);
    expect(listing(subscriber.table)).toEqual([]);
  });

  it('never uses a slot again', () => {
    const { publisher } = connect();
    const first = publisher.add('one', tree);
    publisher.remove(first);
    expect(publisher.add('one', tree)).not.toBe(first);
  });

  it('keeps one tree for a slot, whatever it is called', () => {
    const { publisher, subscriber } = connect();
    const slot = publisher.add('one', tree);
    subscriber.update();
    const before = subscriber.table.get(slot)?.tree;
    publisher.rename(slot, 'two');
    subscriber.update();
    expect(subscriber.table.get(slot)?.tree).toBe(before);
    expect(listing(subscriber.table)).toEqual(['two']);
  });

  it('counts the lookups that main answered in its place', () => {
    const { publisher, subscriber } = connect();
    const slot = publisher.add('one', tree);
    publisher.addLookups(slot, 2);
    subscriber.update();
    publisher.remove(slot);
    subscriber.update();
    expect(subscriber.table.get(slot)?.removed).toBe(true);
    subscriber.addLookups(slot, -2);
    expect(subscriber.table.get(slot)).toBeUndefined();
  });

  it('follows main from a thread that never turns its event loop', async () => {
    const { port1, port2 } = new MessageChannel();
    const publisher = new TreePublisher({ port: port1 });
    const job: SubscriberJob = { port: port2, versions: publisher.versions.memory, last: 'the last' };
    const worker = new Worker(await bundle('./subscriber-worker.ts'), {
      eval: true,
      workerData: job,
      transferList: [port2],
    });
    cleanUps.push(() => worker.terminate());
    const seen = once(worker, 'message');
    let slot = publisher.add('torrent 0', tree);
    for (let round = 1; round < 500; round += 1) {
      publisher.remove(slot);
      slot = publisher.add(`torrent ${round}`, tree);
      if (round % 10 === 0) await mainTurn();
    }
    publisher.add('the last', tree);
    expect(await seen).toEqual([['torrent 499', 'the last']]);
    publisher.close();
  });
});
