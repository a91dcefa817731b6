import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { fetchMetainfo, type MayFetch } from '../../src/engine/fetch-metainfo.ts';
import { serveOnLoopback } from '../swarm/loopback-site.ts';

const signal = new AbortController().signal;
const anywhere: MayFetch = () => true;

async function serve(listener: RequestListener): Promise<URL> {
  return new URL('file.torrent', await serveOnLoopback(listener));
}

const redirectTo = (location: string | URL) =>
  serve((_, response) => response.writeHead(302, { location: String(location) }).end());

test('fetches what the server sends', async () => {
  const url = await serve((_, response) => response.end('d4:infodee'));
  expect(Buffer.from(await fetchMetainfo(url, { mayFetch: anywhere, signal })).toString()).toBe('d4:infodee');
});

test('follows redirects, relative ones too', async () => {
  const target = await serve((request, response) => {
    if (request.url === '/real') response.end('here');
    else response.writeHead(307, { location: '/real' }).end();
  });
  const url = await redirectTo(target);
  expect(Buffer.from(await fetchMetainfo(url, { mayFetch: anywhere, signal })).toString()).toBe('here');
});

test('asks for every address that it would dial, and dials none that is refused', async () => {
  let visits = 0;
  const inside = await serve((_, response) => {
    visits++;
    response.end('secret');
  });
  const asked: string[] = [];
  const mayFetch: MayFetch = (url, address) => {
    asked.push(`${url.port} ${address}`);
    return url.port !== inside.port;
  };
  const url = await redirectTo(inside);
  await expect(fetchMetainfo(url, { mayFetch, signal })).rejects.toMatchObject({ code: 'forbidden-address' });
  expect(asked).toEqual([`${url.port} 127.0.0.1`, `${inside.port} 127.0.0.1`]);
  const named = new URL(inside);
  named.hostname = 'localhost';
  await expect(fetchMetainfo(named, { mayFetch, signal })).rejects.toMatchObject({ code: 'forbidden-address' });
  expect(visits).toBe(0);
});

test('goes in circles only so often, and to no other kind of address', async () => {
  const circle = await serve((request, response) => response.writeHead(302, { location: request.url ?? '' }).end());
  await expect(fetchMetainfo(circle, { mayFetch: anywhere, signal })).rejects.toMatchObject({ code: 'bad-source' });
  const file = await redirectTo('file:///etc/passwd');
  await expect(fetchMetainfo(file, { mayFetch: anywhere, signal })).rejects.toThrow('file: address');
});

test.each([
  [404, 'bad-source'],
  [403, 'unauthorized'],
  [503, 'unavailable'],
])('an answer of %d is %s', async (status, code) => {
  const url = await serve((_, response) => response.writeHead(status).end());
  await expect(fetchMetainfo(url, { mayFetch: anywhere, signal })).rejects.toMatchObject({ code });
});

test('takes no more than a .torrent may have, announced or not', async () => {
  const announced = await serve((_, response) =>
    response.writeHead(200, { 'content-length': 10 ** 12 }).flushHeaders(),
  );
  await expect(fetchMetainfo(announced, { mayFetch: anywhere, signal })).rejects.toMatchObject({ code: 'too-large' });
  const endless = await serve((_, response) => {
    const chunk = Buffer.alloc(2 ** 20);
    const more = () => {
      while (response.write(chunk));
      response.once('drain', more);
    };
    more();
  });
  await expect(fetchMetainfo(endless, { mayFetch: anywhere, signal })).rejects.toMatchObject({ code: 'too-large' });
});

test('a server that says nothing is given up in time, one that is not there at once', async () => {
  const mute = await serve(() => {});
  const options = { mayFetch: anywhere, signal };
  await expect(fetchMetainfo(mute, { ...options, timeoutMs: 50 })).rejects.toMatchObject({ code: 'connect-timeout' });
  await expect(fetchMetainfo(new URL('http://127.0.0.1:1/'), options)).rejects.toMatchObject({ code: 'network' });
});

test('is given up when the caller is gone', async () => {
  const controller = new AbortController();
  const url = await serve(() => controller.abort(new Error('gone')));
  await expect(fetchMetainfo(url, { mayFetch: anywhere, signal: controller.signal })).rejects.toThrow('gone');
});
