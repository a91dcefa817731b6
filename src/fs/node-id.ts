import { type NodeId, ROOT_NODE } from '../fuse/filesystem.ts';

/**
 * A node id is `slot × 2³² + node`: a safe integer, from which both are had without a map. Slot 0 holds the root (node 1) and
 * the virtual files of `.torrent-fuse`; every torrent has a slot of its own, never used again within a mount, in which
 * `node` is the number that its tree gives.
 */
const NODES_PER_SLOT = 2 ** 32;

/** Where everything is that belongs to no torrent. */
export const VIRTUAL_SLOT = 0;

/** The last slot whose node ids are safe integers. A mount that adds a torrent a minute gets there in four years. */
export const SLOT_MAX = 2 ** 21 - 1;

export function nodeIdOf(slot: number, node: number): NodeId {
  return slot * NODES_PER_SLOT + node;
}

export function slotOf(id: NodeId): number {
  return Math.floor(id / NODES_PER_SLOT);
}

export function nodeOf(id: NodeId): number {
  return id >>> 0;
}

export function isInVirtualSlot(id: NodeId): boolean {
  return slotOf(id) === VIRTUAL_SLOT;
}

/** Dropped, or `.torrent-fuse` or below: in slot 0, and not the root. Only the slow lane knows it. */
export function isVirtual(id: NodeId): boolean {
  return isInVirtualSlot(id) && id !== ROOT_NODE;
}
