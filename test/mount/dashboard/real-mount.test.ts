import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { type MadeTorrent, makeTorrent } from '../../fixtures/make-torrent.ts';
import { reservedPort } from '../../swarm/reserved-port.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { readInBackground } from '../harness/background-reader.ts';
import { LOOPBACK_ONLY, MountProcess } from '../harness/mount-process.ts';
import { run } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { Browser } from './browser.ts';

const MiB = 2 ** 20;
const concert = makeTorrent({
  name: 'Concert (live).mkv',
  content: patternContent(96 * MiB, 'concert'),
  pieceLength: 256 * 1024,
});
const lonely = makeTorrent({
  name: 'nobody-has-this.iso',
  content: patternContent(24 * MiB, 'lonely'),
  pieceLength: 256 * 1024,
});
const hostile = makeTorrent({ name: '<img src=x onerror=alert(1)>', content: 'harmless' });

test('a download, a reader that waits, adding, forgetting and a restart, in a real browser', {
  timeout: 300_000,
}, async () => {
  const swarm = await Swarm.start();
  let mount = await swarm.mount(`127.0.0.1:${await reservedPort()}`);
  const url = mount.dashboardUrl;
  const browser = await Browser.launch();
  onTestFinished(() => browser.close());
  const { page, problems } = await browser.open(url.href);
  const torrents = page.locator('#torrents');
  const row = (name: string) => torrents.getByRole('listitem').filter({ hasText: name });

  // A download, and its pieces.
  readInBackground(mount.path(concert.name));
  const before = await progressOf(row(concert.name));
  await expect.poll(() => progressOf(row(concert.name)), { timeout: 60_000 }).toBeGreaterThan(before + 0.02);
  await page.getByRole('img', { name: /[1-9]\d* of 384 pieces held/ }).waitFor();

  // A reader that waits, and its reason.
  readInBackground(mount.path(lonely.name));
  const readers = page.locator('#readers');
  await expect
    .poll(() => readers.textContent(), { timeout: 60_000 })
    .toMatch(/nobody-has-this\.iso.*waiting.*there is no peer to fetch from/s);

  await takePictures(page);

  // Added by dropping a file; its name stays text; forgotten again.
  await dropFile(page, 'hostile.torrent', hostile);
  await row(hostile.name).waitFor();
  expect(await page.locator('img:not(.logo)').count()).toBe(0);
  await page.getByRole('button', { name: `Forget ${hostile.name}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
  await row(hostile.name).waitFor({ state: 'detached' });
  const { stdout } = await run('ls', [mount.mountpoint]);
  expect(stdout).not.toContain(hostile.name);

  // A busy torrent is not forgotten.
  await page.getByRole('button', { name: `Forget ${lonely.name}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
  await page.getByText('one of its files is open').waitFor();

  // The server goes away and comes back, at the same address.
  await mount.stop('SIGKILL');
  await mount.destroy();
  const connection = page.locator('#connection');
  await expect.poll(() => connection.textContent(), { timeout: 60_000 }).toBe('reconnecting');
  mount = await swarm.mount(url.host);
  await expect.poll(() => connection.textContent(), { timeout: 60_000 }).toBe('live');
  await row(concert.name).waitFor();
  expect(problems.filter(problem => !problem.startsWith('Failed to load resource'))).toEqual([]);
});

/** One seeder, slow enough to be watched, and a folder for the mounts of it. */
class Swarm {
  readonly #folder: string;
  readonly #seeder: Seeder;

  private constructor(folder: string, seeder: Seeder) {
    this.#folder = folder;
    this.#seeder = seeder;
  }

  static async start(): Promise<Swarm> {
    const folder = await scratchFolder();
    for (const torrent of [concert, lonely])
      await writeFile(join(folder, `${torrent.infoHash}.torrent`), torrent.bytes);
    return new Swarm(folder, await Seeder.start({ torrents: [concert], rate: 3 * MiB }));
  }

  mount(http: string): Promise<MountProcess> {
    return MountProcess.start({
      sources: [concert, lonely].map(({ infoHash }) => join(this.#folder, `${infoHash}.torrent`)),
      mountpoint: join(this.#folder, 'mnt'),
      dataDir: join(this.#folder, 'data'),
      // A reader of what nobody has waits for as long as the test lasts.
      args: [
        ...[...LOOPBACK_ONLY, '--peer', this.#seeder.address, '--http', http],
        ...['--status-poll-interval', '1s', '--read-timeout', '10m'],
      ],
    });
  }
}

async function progressOf(row: ReturnType<Page['locator']>): Promise<number> {
  return Number(await row.getByRole('progressbar').getAttribute('value'));
}

async function dropFile(page: Page, name: string, torrent: MadeTorrent): Promise<void> {
  const bytes = JSON.stringify(torrent.bytes.toString('base64'));
  const transfer = await page.evaluateHandle(
    `(() => { const bytes = Uint8Array.from(atob(${bytes}), c => c.charCodeAt(0)); const transfer = new DataTransfer(); transfer.items.add(new File([bytes], ${JSON.stringify(name)})); return transfer; })()`,
  );
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}

/** `SCREENSHOTS=docs/images npx vitest run …` renews the pictures of the documentation. */
async function takePictures(page: Page): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.locator('#readers').getByRole('button', { name: concert.name }).first().click();
  for (const [screen, size] of Object.entries({
    wide: { width: 1280, height: 860 },
    phone: { width: 390, height: 844 },
  })) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(1500);
      const path = join(folder, `dashboard-${screen}-${colorScheme}.png`);
      await page.screenshot({ path, fullPage: screen === 'phone' });
      expect((await readFile(path)).length).toBeLessThan(150_000);
    }
  }
}
