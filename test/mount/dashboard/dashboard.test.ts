import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../../src/observe/http/http-server.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { FakeMountView } from '../../fakes/fake-mount-view.ts';
import { readFigures, torrentFigures } from '../../fakes/mount-snapshot.ts';
import { reservedPort } from '../../swarm/reserved-port.ts';
import { Browser } from './browser.ts';

/** As it is shipped, with uPlot beside it. */
const PAGE = fileURLToPath(new URL('../../../dist/observe/dashboard', import.meta.url));
const TOKEN = 'a-token-that-nobody-guesses';
const hash = '1'.repeat(40);

let browser: Browser;
beforeAll(async () => {
  browser = await Browser.launch();
});
afterAll(() => browser.close());

describe('the dashboard', () => {
  test('shows torrents, and follows what happens to them', async () => {
    const { page, mount } = await openDashboard(view => {
      view.torrents = [
        torrentFigures({ name: 'films', state: 'downloading', downloadSpeed: 2 ** 21, peersConnected: 3 }),
      ];
    });
    const row = page.getByRole('listitem').filter({ hasText: 'films' });
    await expectText(row, /downloading/);
    await expectText(row, /25\.0 % of 0\.98 KiB · 3 peers · ↓ 2\.00 MiB\/s/);
    mount.torrents = [torrentFigures({ name: 'films', state: 'seeding', progressBytes: 1000 })];
    await expectText(row, /seeding.*100 % of 0\.98 KiB/);
    mount.torrents = [];
    await page.getByText('No torrents yet').waitFor();
  });

  test('keeps a torrent that is named like markup a text', async () => {
    const name = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
    const { page } = await openDashboard(view => {
      view.torrents = [torrentFigures({ infoHash: hash, name, error: name })];
      view.shown = { reads: readFigures({ openFiles: [openFile({ path: name })], waiting: [waitingRead()] }) };
    });
    await page.getByText(name).first().waitFor();
    await page.getByRole('button', { name: 'Forget' }).click();
    await expectText(page.locator('#confirm'), /<img src=x/);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Why?' }).first().click();
    await expectText(page.locator('#why-path'), /<img src=x/);
    expect(await page.locator('img:not(.logo), script:not([type=module])').count()).toBe(0);
    expect(await page.title()).toBe('torrent-fuse');
  });

  test('shows the pieces of the file that is read, and who waits for which and why', async () => {
    const { page, mount } = await openDashboard(view => {
      view.torrents = [torrentFigures({ infoHash: hash, name: 'film.mkv', pieceCount: 8, totalBytes: 8000 })];
      view.setBitfield(hash, Uint8Array.of(0b1100_0000));
      view.shown = { reads: readFigures({ openFiles: [openFile()], waiting: [waitingRead()] }) };
    });
    const map = page.locator('#piece-map');
    await page
      .getByRole('img', { name: /2 of 8 pieces held; reader at 2\.93 KiB; a read waits at 2\.93 KiB/ })
      .waitFor();
    const readers = page.locator('#readers');
    await expectText(readers, /film\.mkv.*waiting.*there is no peer to fetch from.*Fails in \d+ s/s);
    const missing = await colourAt(map, 7);
    const held = await colourAt(map, 0);
    expect(await colourAt(map, 1)).toBe(held);
    expect(await colourAt(map, 3)).not.toBe(missing);
    expect(missing).not.toBe(held);
    mount.setBitfield(hash, Uint8Array.of(0b1111_1111));
    await page.getByRole('img', { name: /8 of 8 pieces held/ }).waitFor();
    expect(await colourAt(map, 7)).toBe(held);
  });

  test('explains what is slow', async () => {
    const { page } = await openDashboard(view => {
      view.torrents = [torrentFigures({ name: 'films', state: 'paused' })];
    });
    await page.getByRole('button', { name: 'Why? films' }).click();
    await expectText(page.locator('#why'), /Resume the torrent/);
    await expectText(page.locator('#why-facts'), /state.*paused, .* of the torrent is here.*engine.*fake, answers/);
  });

  test('adds what is typed, and says why it cannot', async () => {
    const { page, mount } = await openDashboard();
    const field = page.getByLabel('Magnet link, info hash or URL of a .torrent');
    await field.fill(`magnet:?xt=urn:btih:${hash}`);
    await field.press('Enter');
    await page.getByText(/^Added magnet/).waitFor();
    await page.locator('#torrents').getByText('resolving').waitFor();
    expect(mount.added).toEqual([`magnet:?xt=urn:btih:${hash}`]);
    await field.fill('/etc/passwd');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByText(/was not added: that is no magnet link/).waitFor();
  });

  test('adds a .torrent file that is dropped anywhere, or chosen', async () => {
    const { page, mount } = await openDashboard();
    await dropFile(page, 'some.torrent', 'd4:infodee');
    await page.getByText('Added some.torrent').waitFor();
    await page
      .locator('#torrent-file')
      .setInputFiles({ name: 'other.torrent', mimeType: '', buffer: Buffer.from('d4:info') });
    await page.getByText('Added other.torrent').waitFor();
    expect(mount.added.map(source => Buffer.from(source).toString())).toEqual(['d4:infodee', 'd4:info']);
  });

  test('forgets a torrent once that is confirmed', async () => {
    const { page, mount } = await openDashboard(view => {
      view.torrents = [torrentFigures({ name: 'films' }), torrentFigures({ infoHash: '2'.repeat(40), name: 'songs' })];
    });
    await page.getByRole('button', { name: 'Forget films' }).click();
    await page.getByRole('button', { name: 'Keep it' }).click();
    expect(mount.torrents).toHaveLength(2);
    await page.getByRole('button', { name: 'Forget films' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
    await page.getByText('Forgot films').waitFor();
    expect(mount.torrents.map(({ name }) => name)).toEqual(['songs']);
  });

  test('can be worked with the keyboard alone', async () => {
    const { page, mount } = await openDashboard(view => {
      view.torrents = [torrentFigures({ name: 'films' })];
    });
    const pause = page.getByRole('button', { name: 'Pause films' });
    await pause.waitFor();
    await tabTo(page, 'Pause films');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Resume films' }).waitFor();
    expect(mount.torrents[0]?.state).toBe('paused');
    expect(await focusedLabel(page)).toBe('Resume films');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => focusedLabel(page)).toBe('Forget films');
  });

  test('comes back when the server was restarted', async () => {
    const listen = { host: '127.0.0.1', port: await reservedPort() };
    const { page, server, mount } = await openDashboard(undefined, { listen });
    const connection = page.locator('#connection');
    await expectText(connection, /^live$/);
    await server.stop();
    await expectText(connection, /^reconnecting$/);
    mount.torrents = [torrentFigures({ name: 'added meanwhile' })];
    await startServer({ mount, listen });
    await expectText(connection, /^live$/);
    await page.getByText('added meanwhile').first().waitFor();
  });

  test('says when the engine does not answer', async () => {
    const failure = { code: 'network', message: 'connection refused', sinceMs: 0 };
    const { page } = await openDashboard(view => {
      view.shown = { engine: { description: 'rqbit', answers: false, failure } };
    });
    await expectText(page.getByRole('alert').first(), /engine does not answer: connection refused/);
  });

  test('takes no notice of a read that is answered within a second', async () => {
    const { page, mount } = await openDashboard(view => {
      view.torrents = [torrentFigures({ infoHash: hash, name: 'film.mkv' })];
      view.shown = readsThatHaveWaited(200);
    });
    const tile = page.locator('.tile').filter({ hasText: 'Open files' });
    await expectText(tile, /1none waits$/);
    await expectText(page.locator('#readers'), /film\.mkv.*open/);
    mount.shown = readsThatHaveWaited(1500);
    await expectText(tile, /11 waiting$/);
    await expectText(page.locator('#readers'), /film\.mkv.*waiting.*has waited \d+ s for 500 B/);
  });

  test('says so, and goes on, when the server speaks another language', async () => {
    const { page, mount } = await openDashboard(view => {
      view.torrents = [torrentFigures({ name: 'films' })];
    });
    await page.getByText('films').first().waitFor();
    const { peersConnected: _, ...lacking } = torrentFigures({ name: 'from the future' });
    mount.torrents = [lacking as ReturnType<typeof torrentFigures>];
    await page.getByText(/does not understand.*status\.torrents\[0\]\.peers is no number.*reload it/).waitFor();
    mount.torrents = [torrentFigures({ name: 'songs' })];
    await page.getByText('songs').first().waitFor();
  });

  test('offers no change on a read-only mount', async () => {
    const mount = new FakeMountView({ readOnly: true });
    mount.torrents = [torrentFigures({ name: 'films' })];
    const { page } = await openDashboard(undefined, { mount });
    await page.getByText('films').first().waitFor();
    expect(await page.getByRole('button', { name: /Forget|Pause|Add/ }).count()).toBe(0);
  });

  test('asks for the token where there is one', async () => {
    const mount = new FakeMountView();
    mount.torrents = [torrentFigures({ name: 'films' })];
    const { page } = await openDashboard(undefined, { mount, token: TOKEN });
    await page.getByLabel('Token', { exact: true }).fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('that is not the token').waitFor();
    expect(await page.getByText('films').count()).toBe(0);
    await page.getByLabel('Token', { exact: true }).fill(TOKEN);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('films').first().waitFor();
  });

  test.each([360, 390, 820, 1600])('fits a screen of %i pixels', async width => {
    const name = 'a very long name without an end '.repeat(8);
    const { page } = await openDashboard(view => {
      view.torrents = [torrentFigures({ infoHash: hash, name, pieceCount: 5000, error: name })];
      view.shown = { reads: readFigures({ openFiles: [openFile({ path: name })], waiting: [waitingRead()] }) };
    });
    await page.setViewportSize({ width, height: 800 });
    await page.getByRole('img', { name: /pieces held/ }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });
});

async function openDashboard(prepare?: (mount: FakeMountView) => void, options: Partial<HttpServerOptions> = {}) {
  const mount = options.mount instanceof FakeMountView ? options.mount : new FakeMountView();
  prepare?.(mount);
  const server = await startServer({ ...options, mount });
  const { page, problems } = await browser.open(server.url);
  onTestFinished(async () => {
    await page.close();
    // A browser reports every answer of 400 and above, and those are what some tests are about.
    expect(problems.filter(problem => !problem.startsWith('Failed to load resource'))).toEqual([]);
  });
  return { page, server, mount };
}

async function startServer(options: Partial<HttpServerOptions> & { mount: FakeMountView }): Promise<HttpServer> {
  const server = await startHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    token: undefined,
    logger: silentLogger,
    dashboard: PAGE,
    ...options,
  });
  onTestFinished(() => server.stop());
  return server;
}

function openFile(changes = {}) {
  return {
    infoHash: hash,
    fileIndex: 0,
    handle: 1,
    path: 'film.mkv',
    length: 8000,
    position: 3000,
    readAheadEnd: 5000,
    ...changes,
  };
}

/** For the fourth piece of eight. */
function waitingRead(waitedMs = 5000) {
  const began = Date.now() - waitedMs;
  const span = { start: 3000, endExclusive: 3500 };
  return { infoHash: hash, fileIndex: 0, handle: 1, ...span, sinceMs: began, lastByteMs: began, timeoutMs: 30_000 };
}

/** Whenever one looks. */
function readsThatHaveWaited(waitedMs: number) {
  return {
    get reads() {
      return readFigures({ openFiles: [openFile()], waiting: [waitingRead(waitedMs)] });
    },
  };
}

type Locator = ReturnType<Page['locator']>;

/** Spaces that do not break are spaces. */
function expectText(locator: Locator, pattern: RegExp): Promise<void> {
  const text = async () => (await locator.textContent())?.replaceAll('\u00a0', ' ');
  return expect.poll(text).toMatch(pattern);
}

/** The colour in the middle of the piece map's cell, as text. */
async function colourAt(map: Locator, cell: number): Promise<string> {
  return map.evaluate((canvas, index) => {
    const context = (canvas as unknown as CanvasLike).getContext('2d');
    return Array.from(context.getImageData(index * 13 + 5, 6, 1, 1).data).join(',');
  }, cell);
}

/** What of the page's canvas is used here; the tests are not compiled with the types of a browser. */
interface CanvasLike {
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
  };
}

async function dropFile(page: Page, name: string, content: string): Promise<void> {
  const transfer = await page.evaluateHandle(
    `(() => { const transfer = new DataTransfer(); transfer.items.add(new File([${JSON.stringify(content)}], ${JSON.stringify(name)})); return transfer; })()`,
  );
  await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer });
  await page.locator('#drop').waitFor({ state: 'visible' });
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}

function focusedLabel(page: Page): Promise<unknown> {
  return page.evaluate('document.activeElement.getAttribute("aria-label")');
}

async function tabTo(page: Page, label: string): Promise<void> {
  for (let presses = 0; presses < 30; presses++) {
    await page.keyboard.press('Tab');
    if ((await focusedLabel(page)) === label) return;
  }
  throw new Error(`the focus never comes to ${label}`);
}
