import type {
  SwarmContent,
  SwarmEvents,
  SwarmMemberOptions,
  SwarmMembership,
  Swarms,
} from '../../../src/engine/embedded/swarm-member.ts';
import type { Wire } from '../../../src/engine/embedded/webtorrent.js';
import { FakeWire } from './fake-wire.ts';

/** Swarms that a test looks into; nobody is dialled. */
export class FakeSwarms implements Swarms {
  readonly members: FakeMember[] = [];

  join(options: SwarmMemberOptions): FakeMember {
    const member = new FakeMember(options);
    this.members.push(member);
    return member;
  }

  /** The member that joined last. */
  get member(): FakeMember {
    const member = this.members.at(-1);
    if (member === undefined) throw new Error('nobody joined');
    return member;
  }
}

export class FakeMember implements SwarmMembership {
  content: SwarmContent | undefined;
  events: SwarmEvents;
  hasLeft = false;
  readonly dialled: string[];
  readonly announced: number[] = [];
  readonly revoked: number[] = [];
  readonly peers: FakeWire[] = [];
  isComplete = false;

  constructor(options: SwarmMemberOptions) {
    this.content = options.content;
    this.events = options.events;
    this.dialled = [...options.peers];
  }

  /** A peer that has these pieces connects. */
  connect(pieces: readonly Uint8Array[]): FakeWire {
    const peer = new FakeWire(pieces);
    this.peers.push(peer);
    return peer;
  }

  get wires(): readonly Wire[] {
    // Of a wire the engine uses what FakeWire has.
    return this.hasLeft ? [] : (this.peers.filter(peer => !peer.destroyed) as unknown as readonly Wire[]);
  }

  get stats() {
    return { peersConnected: this.wires.length, peersKnown: this.dialled.length, downloadSpeed: 0, uploadSpeed: 0 };
  }

  begin(content: SwarmContent, onError: SwarmEvents['onError']): void {
    this.content = content;
    this.events = { ...this.events, onError };
  }

  dial(peers: readonly string[]): void {
    this.dialled.push(...peers);
  }

  redial(): void {}

  announce(piece: number): void {
    this.announced.push(piece);
  }

  announceComplete(): void {
    this.isComplete = true;
  }

  revoke(piece: number): void {
    this.revoked.push(piece);
  }

  ban(): void {}

  async leave(): Promise<void> {
    this.hasLeft = true;
  }
}
