import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { RootTable } from './root-table.ts';
import { TorrentTree } from './torrent-tree.ts';
import type { SlotChange, TreeMessage, TreeRequest, TreeVersions } from './tree-messages.ts';
import type { TreeSource } from './tree-source.ts';

/** The fuse thread's copy of the root table, brought up to date between two requests; see `TreePublisher`. */
export class TreeSubscriber implements TreeSource {
  readonly table = new RootTable();
  readonly #port: MessagePort;
  readonly #versions: TreeVersions;
  #version = 0;
  #askedAtVersion: number | undefined;
  #behind = false;

  /** The port must have no listener: a thread that blocks on a device has no use for one. */
  constructor(port: MessagePort, versions: TreeVersions) {
    this.#port = port;
    this.#versions = versions;
  }

  get behind(): boolean {
    return this.#behind;
  }

  /** Takes in what was posted. Costs one load when there is nothing. */
  update(): void {
    this.#behind = this.#version !== this.#versions.published;
    if (!this.#behind) return;
    for (let received = this.#receive(); received !== undefined; received = this.#receive()) this.#apply(received);
    this.#behind = this.#version !== this.#versions.published;
    if (this.#behind) this.#askForMore();
  }

  addLookups(slot: number, count: number): void {
    this.table.addLookups(slot, count);
  }

  #receive(): TreeMessage | undefined {
    return receiveMessageOnPort(this.#port)?.message;
  }

  #apply(message: TreeMessage): void {
    for (const change of message.slots) this.#applySlot(change);
    this.table.virtualNames = message.virtualNames;
    this.table.changedAtSeconds = message.changedAtSeconds;
    this.#version = message.version;
    this.#versions.applied = message.version;
  }

  #applySlot({ slot, entry, lookups }: SlotChange): void {
    if (entry !== undefined) {
      const tree = this.table.get(slot)?.tree ?? new TorrentTree(entry.buffer);
      this.table.put(slot, entry.name, tree);
    }
    this.table.addLookups(slot, lookups);
    if (entry === undefined) this.table.remove(slot);
  }

  #askForMore(): void {
    if (this.#askedAtVersion === this.#version) return;
    this.#askedAtVersion = this.#version;
    const request: TreeRequest = 'more';
    this.#port.postMessage(request);
  }
}
