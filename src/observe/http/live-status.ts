import { History, type HistorySample } from '../history.ts';
import type { FileKey, MountSnapshot } from '../snapshot.ts';
import { BriefCache } from './brief-cache.ts';
import type { EventSource } from './event-stream.ts';
import type { MountView } from './mount-view.ts';
import { piecesJson, statusJson } from './status-json.ts';

/** A thousand requests at once cost one look at the mount. */
const snapshotMs = 250;
/** Ten minutes of seconds. */
const historySamples = 600;
/** A status of thousands of torrents is sent less often. */
const largeStatusBytes = 256 * 1024;
const ticksBetweenLargeStatuses = 5;

/** What is shown of the mount, and when: one look serves everyone who asks at that moment. */
export class LiveStatus implements EventSource {
  readonly #mount: MountView;
  readonly #signal: AbortSignal;
  readonly #history = new History(historySamples);
  readonly #snapshots: BriefCache<MountSnapshot>;
  readonly #texts: BriefCache<string>;
  #ticks = 0;

  /** @param signal fires when the server stops */
  constructor(mount: MountView, signal: AbortSignal) {
    this.#mount = mount;
    this.#signal = signal;
    this.#snapshots = new BriefCache(() => mount.snapshot(), snapshotMs);
    this.#texts = new BriefCache(() => JSON.stringify(statusJson(this.#snapshots.get())), snapshotMs);
  }

  snapshot(): MountSnapshot {
    return this.#snapshots.get();
  }

  statusText(): string {
    return this.#texts.get();
  }

  /** The mount was changed from here: whoever asks next sees it. */
  changed(): void {
    this.#snapshots.clear();
    this.#texts.clear();
  }

  greeting(): ReadonlyMap<string, string> {
    return new Map([
      ['history', JSON.stringify(this.#history.samples.map(sampleJson))],
      ['status', this.statusText()],
    ]);
  }

  tick(): ReadonlyMap<string, string> {
    this.#ticks++;
    const events = new Map<string, string>();
    const sample = this.#history.take(this.snapshot());
    if (sample) events.set('sample', JSON.stringify(sampleJson(sample)));
    const text = this.statusText();
    if (text.length < largeStatusBytes || this.#ticks % ticksBetweenLargeStatuses === 0) events.set('status', text);
    return events;
  }

  async pieces(file: FileKey): Promise<string | undefined> {
    const pieces = await this.#mount.pieces(file, this.#signal);
    return pieces && JSON.stringify(piecesJson(pieces, this.snapshot()));
  }
}

function sampleJson(sample: HistorySample) {
  return {
    at_ms: sample.atMs,
    read_speed: sample.readSpeed,
    download_speed: sample.downloadSpeed,
    latency_p50: sample.latencyP50 ?? null,
    latency_p99: sample.latencyP99 ?? null,
    hit_rate: sample.hitRate ?? null,
  };
}
