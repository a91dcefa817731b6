import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLogger, type LoggerOptions } from '../../src/observe/logger.ts';
import { RepeatLimiter } from '../../src/observe/repeat-limiter.ts';

function logger(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: 'info', format: 'json', colour: false, secrets: [], sink, ...options });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

afterEach(() => void vi.useRealTimers());

describe('the log', () => {
  it('writes one JSON object a line, with time, level, fields and message', () => {
    const { log, lines, last } = logger();
    log.child({ part: 'rqbit' }).info({ torrents: 3 }, 'listed');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith('\n')).toBe(true);
    expect(last()).toMatchObject({ level: 'info', msg: 'listed', part: 'rqbit', torrents: 3, pid: process.pid });
    expect(String(last()['time'])).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it('writes an error with its cause, code and stack', () => {
    const { log, last } = logger();
    log.error(
      { error: new Error('outer', { cause: Object.assign(new Error('inner'), { code: 'ENOSPC' }) }) },
      'failed',
    );
    const text = JSON.stringify(last());
    expect(text).toContain('outer');
    expect(text).toContain('inner');
    expect(text).toContain('ENOSPC');
    expect(text).toContain('logger.test.ts');
  });

  it('leaves out what is below its level, which can be changed', () => {
    const { log, lines } = logger();
    log.debug({}, 'unseen');
    expect(log.child({}).debugEnabled).toBe(false);
    log.setLevel('debug');
    log.debug({}, 'seen');
    expect(lines).toHaveLength(1);
    log.setLevel('silent');
    log.error({}, 'unseen');
    expect(lines).toHaveLength(1);
  });

  it('is readable, on one line, and without escape codes unless asked for', () => {
    const { log, lines } = logger({ format: 'pretty' });
    log.warn({ torrent: 'a\x1b[31mb', url: 'http://127.0.0.1' }, 'engine does not answer');
    expect(lines[0]).toMatch(/^\[.*\] WARN: engine does not answer .*"url":"http:\/\/127.0.0.1"/);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(lines[0]).not.toContain('\x1b');
    const coloured = logger({ format: 'pretty', colour: true });
    coloured.log.warn({}, 'x');
    expect(coloured.lines[0]).toContain('\x1b[');
  });

  it('shows people the message of an error, and its stack when nobody foresaw it', () => {
    const { log, lines } = logger({ format: 'pretty' });
    const cause = new Error('connection refused');
    log.warn({ error: Object.assign(new Error('rqbit is away', { cause }), { code: 'network' }) }, 'poll failed');
    expect(lines[0]).toMatch(/WARN: poll failed \{"error":"rqbit is away \(connection refused\)"\}\n$/);
    log.error({ error: new TypeError('x is undefined') }, 'bug');
    expect(lines[1]).toContain('logger.test.ts');
  });

  it('holds back repeats, and says how many', () => {
    vi.useFakeTimers();
    const { log, lines, last } = logger();
    for (let count = 0; count < 50; count++) log.warn({ count }, 'poll failed');
    log.warn({}, 'something else');
    expect(lines).toHaveLength(RepeatLimiter.maxPerWindow + 1);
    vi.advanceTimersByTime(RepeatLimiter.windowMs);
    expect(last()).toMatchObject({
      msg: 'poll failed (repeated, not shown)',
      repeats: 50 - RepeatLimiter.maxPerWindow,
    });
    log.warn({}, 'poll failed');
    expect(last()).toMatchObject({ msg: 'poll failed' });
    log.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says of repeats nothing that its level leaves out', () => {
    vi.useFakeTimers();
    const { log, lines, last } = logger({ level: 'warn' });
    for (let count = 0; count < 50; count++) log.info({ count }, 'a torrent is in the mount');
    vi.advanceTimersByTime(RepeatLimiter.windowMs);
    expect(lines).toEqual([]);
    log.setLevel('info');
    for (let count = 0; count < 50; count++) log.info({ count }, 'a torrent is in the mount');
    vi.advanceTimersByTime(RepeatLimiter.windowMs);
    expect(last()).toMatchObject({ level: 'info', msg: 'a torrent is in the mount (repeated, not shown)' });
    log.close();
  });

  it('never holds back debug lines', () => {
    const { log, lines } = logger({ level: 'debug' });
    for (let count = 0; count < 50; count++) log.debug({ count }, 'READ');
    expect(lines).toHaveLength(50);
  });
});

describe('what the log strikes out', () => {
  const passkey = '0123456789abcdef0123456789abcdef';

  it.each([
    ['a password by its name', { nested: { password: 'x"y' } }, 'x\\"y'],
    ['a token by its name', { headers: { authorization: 'Basic bWU6aHVudGVyMg==' } }, 'bWU6aHVudGVyMg'],
    ['a password in a URL', { url: 'http://me:hunter2@127.0.0.1:3030/torrents' }, 'hunter2'],
    ['a passkey in a tracker URL', { url: `https://t.example/${passkey}/announce` }, passkey],
    ['a passkey after announce', { url: `https://t.example/announce.php/${passkey}` }, passkey],
    ['a passkey parameter', { url: `https://t.example/dl?id=7&passkey=${passkey}` }, passkey],
    [
      'a passkey in a magnet',
      { magnet: `magnet:?xt=urn:btih:aa&tr=https%3A%2F%2Ft.example%2F${passkey}%2Fannounce&dn=x` },
      passkey,
    ],
    [
      'a passkey in an error',
      { error: new Error(`GET https://t.example/announce?passkey=${passkey} failed`) },
      passkey,
    ],
  ])('is %s', (_, fields, secret) => {
    const { log, lines } = logger();
    log.info(fields, 'x');
    expect(lines[0]).toContain('[redacted]');
    expect(lines[0]).not.toContain(secret);
    expect(() => JSON.parse(lines[0] ?? '')).not.toThrow();
  });

  it('is every secret of the configuration, wherever it stands', () => {
    const { log, lines } = logger({ secrets: ['correct horse'], format: 'pretty' });
    log.info({ detail: 'the correct horse battery' }, 'x');
    expect(lines[0]).not.toContain('correct horse');
  });

  it('is not what people need to read', () => {
    const { log, lines } = logger();
    const fields = {
      path: '/mnt/x/announce.txt',
      infoHash: passkey.slice(0, 8).repeat(5),
      tokens: '5',
      url: 'http://127.0.0.1:3030/torrents?with_stats=true',
    };
    log.info(fields, 'x');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject(fields);
  });
});
