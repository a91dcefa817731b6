import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MountProcess } from '../harness/mount-process.ts';
import { readAtRandom } from '../harness/random-reads.ts';
import { runOk, shell } from '../harness/run.ts';
import { createScratchFolder, removeScratchFolder } from '../harness/scratch.ts';
import { type Corpus, HUGE_LANDMARKS, HUGE_SIZE, TREE_FILE_COUNT } from './corpus.ts';

export interface FileSuiteSetup {
  readonly corpus: Corpus;
  /** Mounts every torrent of the corpus. The suite destroys it. */
  start(): Promise<MountProcess>;
  /** Of the modification times in the tree, if it brings a creation date; else it is when it was added. */
  readonly year: string | undefined;
}

/**
 * What ordinary programs see of a mount. Each engine, each way to attach and each way to add a torrent runs all of it; the
 * seeder is real, and nothing is held at first, so reading and fetching happen at once.
 */
export function describeFileSuite(title: string, setup: () => FileSuiteSetup): void {
  describe(title, () => {
    let suite: FileSuite;

    beforeAll(async () => {
      suite = await FileSuite.start(setup());
    });
    afterAll(() => suite?.stop());

    it('reads at random right while nothing is held, 8 processes at once', () => suite.readsAtRandom());
    it('gives a 300 MB file the hash of its source', () => suite.hashesBigFile());
    it('reads a 4.5 GiB file around 2³¹, 2³² and its end', () => suite.readsHugeFile());
    it('lists 2,000 files in nested folders with find and ls', () => suite.listsTree());
    it('copies the tree with cp -r', () => suite.copies('cp -r "$1" "$2/copy"'));
    it('copies the tree with rsync', () => suite.copies('rsync -a "$1/" "$2/copy/"'));
    it('copies the tree with tar', () =>
      suite.copies('mkdir "$2/copy" && tar -C "$1" -cf - . | tar -C "$2/copy" -xf -'));
    it('copies sparsely with tar -S and loses nothing', () =>
      suite.copies('mkdir "$2/copy" && tar -C "$1" -cSf - . | tar -C "$2/copy" -xf -'));
    it('answers queries of sqlite3 over mmap', () => suite.queriesDatabase());
    it('lets ffprobe read a video', () => suite.probesVideo());
    it('refuses to write', () => suite.refusesWrites());
  });
}

class FileSuite {
  readonly #setup: FileSuiteSetup;
  readonly #mount: MountProcess;
  readonly #scratch: string;
  readonly #firstYear: string;

  private constructor(setup: FileSuiteSetup, mount: MountProcess, scratch: string, firstYear: string) {
    this.#setup = setup;
    this.#mount = mount;
    this.#scratch = scratch;
    this.#firstYear = firstYear;
  }

  static async start(setup: FileSuiteSetup): Promise<FileSuite> {
    const scratch = await createScratchFolder();
    await chmod(scratch, 0o1777); // the reader may be another user
    const firstYear = thisYear();
    return new FileSuite(setup, await setup.start(), scratch, firstYear);
  }

  async stop(): Promise<void> {
    await this.#mount.destroy();
    await removeScratchFolder(this.#scratch);
  }

  async readsAtRandom(): Promise<void> {
    const { name, payload } = this.#setup.corpus.torrents.random;
    const files = [{ mounted: this.#mount.path(name), source: payload }];
    const got = await readAtRandom(this.#mount, files, { seed: 1, readers: 8, operations: 1000, seconds: 100 });
    expect(got).toMatchObject({ operations: 1000, wrong: [] });
    for (const error of Object.keys(got.errors)) expect(error).toMatch(/^EAGAIN /);
  }

  async hashesBigFile(): Promise<void> {
    const { name, payload } = this.#setup.corpus.torrents.big;
    expect(await this.#sha256(this.#mount.path(name))).toBe(await this.#sha256(payload));
  }

  async readsHugeFile(): Promise<void> {
    const { name, payload } = this.#setup.corpus.torrents.huge;
    const mounted = this.#mount.path(name);
    expect((await this.#ok('stat', ['-c', '%s', mounted])).trim()).toBe(`${HUGE_SIZE}`);
    for (const landmark of HUGE_LANDMARKS) {
      for (const path of [mounted, payload]) {
        await this.#ok('dd', [
          `if=${path}`,
          `of=${this.#scratch}/part${path === payload ? 1 : 0}`,
          ...window(landmark),
        ]);
      }
      await runOk('cmp', [`${this.#scratch}/part0`, `${this.#scratch}/part1`]);
    }
  }

  async listsTree(): Promise<void> {
    const { name, payload } = this.#setup.corpus.torrents.tree;
    const mounted = this.#mount.path(name);
    const find = (root: string) => this.#sorted('cd "$1" && find . -printf "%P %y %s\\n"', root);
    const names = (await find(mounted)).replace(/ d \d+$/gm, ' d');
    expect(names).toBe((await find(payload)).replace(/ d \d+$/gm, ' d'));
    const listing = await this.#ok('ls', ['-lR', mounted]);
    expect(listing.match(/^-r--r--r--/gm)).toHaveLength(TREE_FILE_COUNT);
    const dates = await this.#ok('find', [mounted, '-printf', '%TY\n']);
    const { year } = this.#setup;
    const years = year === undefined ? [this.#firstYear, thisYear()] : [year];
    expect(years).toEqual(expect.arrayContaining(dates.trim().split('\n')));
  }

  /** Runs a script that copies `$1` to `$2/copy`, and compares every byte. */
  async copies(script: string): Promise<void> {
    const { name, payload } = this.#setup.corpus.torrents.tree;
    await this.#ok('bash', ['-c', `mkdir -p "$2" && ${script}`, 'bash', this.#mount.path(name), this.#target()]);
    await runOk('diff', ['-r', payload, join(this.#target(), 'copy')]);
    await runOk('bash', ['-c', 'chmod -R u+w "$1" && rm -rf "$1"', 'bash', this.#target()]);
  }

  async queriesDatabase(): Promise<void> {
    const { name, payload } = this.#setup.corpus.torrents.media;
    const query = (root: string) =>
      this.#ok('sqlite3', [
        `file:${encodeURI(join(root, 'data/library.sqlite'))}?immutable=1`,
        'PRAGMA mmap_size=268435456; PRAGMA integrity_check; SELECT count(*), sum(length(body)) FROM book; ' +
          "SELECT id FROM book WHERE title = 'title 12345';",
      ]);
    expect(await query(this.#mount.path(name))).toBe(await query(payload));
  }

  async probesVideo(): Promise<void> {
    const { name, payload } = this.#setup.corpus.torrents.media;
    const probe = (root: string) =>
      this.#ok('bash', [
        '-c',
        'cd "$1" && ffprobe -v error -count_frames -show_streams -of json video/*.mp4',
        'bash',
        root,
      ]);
    expect(await probe(this.#mount.path(name))).toBe(await probe(payload));
  }

  async refusesWrites(): Promise<void> {
    const { name } = this.#setup.corpus.torrents.big;
    const writing = await shell('echo x >> "$1"', [this.#mount.path(name)]);
    expect(writing.code).not.toBe(0);
    expect(writing.stderr).toMatch(/Read-only file system|Permission denied/);
  }

  #target(): string {
    return join(this.#scratch, 'target');
  }

  async #sha256(path: string): Promise<string> {
    return (await this.#ok('sha256sum', [path])).split(' ')[0] ?? '';
  }

  async #sorted(script: string, root: string): Promise<string> {
    return (await this.#ok('bash', ['-c', script, 'bash', root])).split('\n').sort().join('\n');
  }

  #ok(command: string, args: readonly string[]): Promise<string> {
    return runOk(...this.#mount.asMounter(command, args), {
      timeoutMs: 110_000,
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
  }
}

function thisYear(): string {
  return `${new Date().getFullYear()}`;
}

/** dd operands for the 2 MiB around an offset. */
function window(landmark: number): string[] {
  return ['bs=64K', `skip=${(landmark - 2 ** 20) / 2 ** 16}`, `count=${(2 * 2 ** 20) / 2 ** 16}`, 'status=none'];
}
