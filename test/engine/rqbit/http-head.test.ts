import { describe, expect, it } from 'vitest';
import { NotHttpError, parseHead } from '../../../src/engine/rqbit/http-head.ts';

const parse = (text: string) => parseHead(Buffer.from(text, 'latin1'));

describe('the head of an HTTP answer', () => {
  const head =
    'HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\nX-Empty:\r\nContent-Range:\tbytes 0-9/20 \r\n\r\n';

  it('is parsed up to where the body begins', () => {
    const parsed = parse(`${head}body`);
    expect(parsed).toMatchObject({ status: 206, length: head.length });
    expect([...(parsed?.headers ?? [])]).toEqual([
      ['content-length', '10'],
      ['x-empty', ''],
      ['content-range', 'bytes 0-9/20'],
    ]);
  });

  it('is waited for, however it is cut', () => {
    for (let length = 0; length < head.length; length++) expect(parse(head.slice(0, length))).toBeUndefined();
  });

  it('may have no reason, and no headers', () => {
    expect(parse('HTTP/1.1 500\r\n\r\n')).toMatchObject({ status: 500 });
    expect(parse('HTTP/1.1 200 \r\n\r\n')).toMatchObject({ status: 200 });
  });

  it('says that a header came twice', () => {
    const parsed = parse('HTTP/1.1 206 x\r\ncontent-length: 1\r\nContent-Length: 2\r\n\r\n');
    expect(parsed?.headers.get('content-length')).toBe('1, 2');
  });

  it.each([
    'SSH-2.0-OpenSSH',
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.0 200 OK\r\n\r\n',
    'HTTP/1.1 99 x\r\n\r\n',
    'HTTP/1.1 2000 x\r\n\r\n',
    'HTTP/1.1 200 x\r\nno colon\r\n\r\n',
    'HTTP/1.1 200 x\r\n folded: x\r\n\r\n',
    'HTTP/1.1 200 x\r\na b: x\r\n\r\n',
    'HTTP/1.1 200 x\r\na: b\rc: d\r\n\r\n',
    'HTTP/1.1 200 x\nContent-Length: 1\r\n\r\n',
  ])('is not %j', text => {
    expect(() => parse(text)).toThrow(NotHttpError);
  });
});
