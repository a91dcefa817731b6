import { describe, expect, it } from 'vitest';
import { parseStatus, type StatusReport } from '../../src/cli/status-report.ts';
import { chooseTorrent } from '../../src/cli/torrent-choice.ts';

describe('a torrent that people name', () => {
  const torrent = (name: string, info_hash: string) => ({
    name,
    info_hash,
    state: 'idle',
    progress_bytes: 0,
    total_bytes: 0,
    peers: 0,
    download_speed: 0,
    error: null,
  });
  const status: StatusReport = {
    mountpoint: '/mnt/x',
    engine: 'fake',
    forgotten: [],
    torrents: [
      torrent('film', 'a'.repeat(40)),
      torrent('song', `${'b'.repeat(39)}1`),
      torrent('song', `${'b'.repeat(39)}2`),
    ],
    pending_urls: [{ url: 'https://example.org/a.torrent', error: null }],
  };

  it('is found by its name, its info hash, the beginning of that, or its URL', () => {
    expect(chooseTorrent(status, 'film/').info_hash).toBe('a'.repeat(40));
    expect(chooseTorrent(status, 'A'.repeat(40)).name).toBe('film');
    expect(chooseTorrent(status, 'aaaaaaaa').name).toBe('film');
    expect(chooseTorrent(status, 'https://example.org/a.torrent').state).toBe('resolving');
  });

  it('is the one of that info hash, whatever another is called', () => {
    const disguised = torrent('a'.repeat(40), 'c'.repeat(40));
    const both = { ...status, torrents: [disguised, ...status.torrents] };
    expect(chooseTorrent(both, 'a'.repeat(40)).name).toBe('film');
    expect(chooseTorrent(both, 'c'.repeat(40))).toBe(disguised);
  });

  it('is refused when there is none, or more than one', () => {
    expect(() => chooseTorrent(status, 'aaaa')).toThrow(
      "no torrent of /mnt/x is called aaaa; 'torrent-fuse list /mnt/x'",
    );
    expect(() => chooseTorrent(status, 'song')).toThrow('2 torrents are called song: give the info hash');
    expect(() => chooseTorrent(status, 'b'.repeat(12))).toThrow('2 torrents');
  });

  it('comes from a status that is checked', () => {
    expect(parseStatus({ ...status, added_later: 1 })).toMatchObject({ added_later: 1 });
    expect(() => parseStatus({ torrents: 7 })).toThrow();
  });
});
