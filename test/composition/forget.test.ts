import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Errno } from '../../src/fuse/abi/errno.ts';
import { Opcode } from '../../src/fuse/abi/opcodes.ts';
import { ROOT_NODE } from '../../src/fuse/filesystem.ts';
import { FakeEngine } from '../fakes/fake-engine.ts';
import { eventually } from '../fixtures/eventually.ts';
import { createRows, name, type Row, raw, releaseRows, u32, u64, writeRows, zeros } from '../fixtures/fuse-frames.ts';
import { BothLanes } from './both-lanes.ts';

describe('what the kernel forgets', () => {
  let engine: FakeEngine;
  let lanes: BothLanes;
  beforeEach(() => {
    engine = new FakeEngine();
    lanes = new BothLanes({ engine, cacheBytes: 1 << 20, readAheadBytes: 0 });
  });
  afterEach(async () => {
    await lanes.stop();
    expect(lanes.problems).toEqual([]);
  });

  async function lookup(...path: string[]): Promise<number> {
    let node = ROOT_NODE;
    for (const each of path) node = Number((await lanes.ask(Opcode.LOOKUP, node, [name(each)])).readBigUInt64LE(0));
    return node;
  }

  /** What `echo magnet: > name` does, of which the kernel still knows the node. */
  async function drop(text: string): Promise<number> {
    const created = await lanes.ask(Opcode.CREATE, ROOT_NODE, createRows(text));
    const node = Number(created.readBigUInt64LE(0));
    const handle = Number(created.readBigUInt64LE(128));
    await lanes.ask(Opcode.WRITE, node, writeRows(handle, raw('ab'.repeat(20))));
    await lanes.ask(Opcode.RELEASE, node, releaseRows(handle));
    return node;
  }

  const getattr = (node: number) => lanes.ask(Opcode.GETATTR, node, [zeros(16)]);
  const isForgotten = (node: number) => expect(getattr(node)).rejects.toThrow(`errno ${Errno.ESTALE}`);
  const forget = (node: number, count: number) => lanes.tell(Opcode.FORGET, node, [u64(count)]);

  function forgetAll(...nodes: number[]): void {
    const ones: Row[] = nodes.flatMap(node => [u64(node), u64(1)]);
    lanes.tell(Opcode.BATCH_FORGET, 0, [u32(nodes.length), u32(0), ...ones]);
  }

  it('may be a file that was dropped', async () => {
    const node = await drop('x.magnet');
    await getattr(node);
    forget(node, 1);
    await isForgotten(node);
  });

  it('costs no memory until then: of a dropped file the content goes when it is closed', async () => {
    const node = await drop('x.magnet');
    expect((await getattr(node)).readBigUInt64LE(24)).toBe(0n); // size
    expect(lanes.harness.namesGone).toEqual(['x.magnet']);
  });

  it('is kept until as many lookups are taken back as were answered', async () => {
    const node = await lookup('.torrent-fuse', 'status.json');
    expect(await lookup('.torrent-fuse', 'status.json')).toBe(node);
    forget(node, 1);
    await getattr(node);
    forget(node, 1);
    await isForgotten(node);
  });

  it('may be in one batch of both lanes, and each counts its own once', async () => {
    const { infoHash } = engine.addTorrent({ name: 'show', files: [{ path: ['film.mkv'], length: 10 }] });
    await eventually(() => expect(lanes.harness.root.byInfoHash(infoHash)).toBeDefined());
    const show = await lookup('show');
    const film = await lookup('show', 'film.mkv'); // and the show once more
    const [status, errors] = [await lookup('.torrent-fuse', 'status.json'), await lookup('.torrent-fuse', 'errors')];
    lanes.harness.catalog.remove(infoHash, { deleteData: false });
    await eventually(() => expect(lanes.harness.root.byInfoHash(infoHash)).toBeUndefined());

    forgetAll(film, status, show, errors);
    await isForgotten(status);
    await isForgotten(errors);
    await getattr(show); // of three lookups one is left
    forgetAll(show);
    await isForgotten(show);
    await isForgotten(film);
  });
});
