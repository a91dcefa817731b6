import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MadeTorrent, makeTorrent } from '../../fixtures/make-torrent.ts';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { isMounted, NOBODY } from '../harness/mount-process.ts';
import { type Finished, run, runOk } from '../harness/run.ts';
import { createScratchFolder, removeScratchFolder } from '../harness/scratch.ts';
import { asNobodyCommand, cleanEnvironment, processesWith } from './cli.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const guide = readFileSync(join(repository, 'docs/GETTING-STARTED.md'), 'utf8');

/** A block of the guide, and what its output must show. Blocks that call npm run as root, the others as an ordinary user. */
interface Step {
  /** How the block begins. */
  readonly begins: string;
  readonly shows: readonly RegExp[];
}

const filmFrames = 50;

/** `npm ci` compiles everything, on a busy machine with nothing in its cache. */
const timeoutMs = 280_000;

const steps: readonly Step[] = [
  { begins: 'npm ci', shows: [/added \d+ packages?/] },
  { begins: 'torrent-fuse doctor', shows: [/FUSE/i] },
  { begins: 'torrent-fuse demo', shows: [/every SHA-256 is right\n5\/5 unmounted\nThe demo passed\./] },
  { begins: 'mkdir -p ~/torrents', shows: [/^ready: .*\/torrents$/m] },
  {
    begins: 'torrent-fuse add ~/torrents',
    shows: [/^added: Big Buck Bunny \(/m, /Big Buck Bunny\.mp4$/m, /poster\.jpg$/m],
  },
  { begins: 'head -n 3', shows: [/^1\n00:00:00,000 --> 00:00:02,000\nA rabbit\.\n/, /^Big Buck Bunny +\w+ /m] },
  { begins: 'torrent-fuse explain', shows: [/Big Buck Bunny\.mp4/, /piece/] },
  { begins: 'mpv', shows: [new RegExp(`^${filmFrames}\n$`)] },
  {
    begins: 'mkdir -p ~/rqbit',
    shows: [/^engine: rqbit/m, /^Big Buck Bunny$/m, /\/rqbit +rqbit.*1 torrent/, /\/torrents +embedded.*1 torrent/],
  },
  { begins: 'torrent-fuse umount ~/rqbit', shows: [/^unmounted: .*\/rqbit\nunmounted: .*\/torrents\n$/] },
  { begins: 'torrent-fuse mount --daemon ~/torrents', shows: [/^Big Buck Bunny$/m, /^unmounted: /m] },
  {
    begins: 'torrent-fuse install-service --user',
    shows: [/^wrote: .*\.config\/systemd\/user/m, /\/torrents +embedded/],
  },
  { begins: 'systemctl --user disable', shows: [/^unmounted: .*\/torrents$/m, /^removed: /m] },
  { begins: 'npm uninstall', shows: [/removed \d+ package/] },
  { begins: 'rm -r', shows: [] },
];

/** Programs that are no part of this: the player becomes a decoder of every frame, and systemd runs what the unit says. */
const standIns = {
  mpv: `#!/bin/sh
exec ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames -of csv=p=0 "$1"
`,
  systemctl: `#!/bin/sh
[ "$1" = --user ] || exit 2
case "$2" in
daemon-reload) exit 0 ;;
enable | disable) [ "$3" = --now ] || exit 2 ;;
*) exit 2 ;;
esac
folder=$(systemd-escape --unescape --path --instance "$4")
case "$2" in
enable) exec $(sed -n "/^ExecStart=/ { s///; s|%f|--daemon $folder|p }" ~/.config/systemd/user/torrent-fuse@.service) ;;
disable) exec torrent-fuse umount "$folder" ;;
esac
`,
};

let folder: string;
let clone: string;
let home: string;
let film: MadeTorrent;
let seeder: Seeder;
let rqbit: RqbitServer;
beforeAll(async () => {
  folder = await createScratchFolder();
  [clone, home] = [join(folder, 'clone'), join(folder, 'home')];
  const notInAClone = new Set(['.git', 'node_modules', 'dist']);
  cpSync(repository, clone, { recursive: true, filter: path => !notInAClone.has(basename(path)) });
  mkdirSync(home);
  chownSync(home, NOBODY, NOBODY);
  for (const [name, script] of Object.entries(standIns)) {
    mkdirSync(join(folder, 'stand-ins'), { recursive: true });
    writeFileSync(join(folder, 'stand-ins', name), script);
    chmodSync(join(folder, 'stand-ins', name), 0o755);
  }
  film = await makeFilm();
  seeder = await Seeder.startUnmanaged({ torrents: [film] });
  rqbit = await RqbitServer.startUnmanaged();
});
afterAll(async () => {
  for (const name of ['torrents', 'rqbit']) await run('umount', ['-l', join(home, name)]);
  for (const pid of await processesWith(folder)) process.kill(Number(pid), 'SIGKILL');
  await seeder.stop();
  await rqbit.destroy();
  await removeScratchFolder(folder);
});

/** Laid out as the torrent that the guide names. */
async function makeFilm(): Promise<MadeTorrent> {
  const path = join(folder, 'film.mp4');
  const encoding = ['-pix_fmt', 'yuv420p', '-movflags', '+faststart', path];
  await runOk('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=duration=2:rate=25:size=320x180', ...encoding]);
  return makeTorrent({
    name: 'Big Buck Bunny',
    files: [
      { path: 'Big Buck Bunny.en.srt', content: '1\n00:00:00,000 --> 00:00:02,000\nA rabbit.\n' },
      { path: 'Big Buck Bunny.mp4', content: readFileSync(path) },
      { path: 'poster.jpg', content: Buffer.alloc(1000, 1) },
    ],
  });
}

/** All that differs from what a newcomer types; the rest is in {@link environment}. */
function substituted(block: string): string {
  const substitutions = {
    dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c: film.infoHash,
    'http://127.0.0.1:3030': rqbit.url.origin,
  };
  return Object.entries(substitutions).reduce((text, [from, to]) => text.replaceAll(from, to), block);
}

/** Keeps the program to loopback and to the one seeder, and everything that is installed to the scratch folder. */
function environment(): NodeJS.ProcessEnv {
  const prefix = join(folder, 'prefix');
  return cleanEnvironment({
    PATH: [join(folder, 'stand-ins'), join(prefix, 'bin'), process.env['PATH']].join(delimiter),
    TORRENT_FUSE_ENGINE: 'embedded',
    TORRENT_FUSE_LISTEN_HOST: '127.0.0.1',
    TORRENT_FUSE_NO_DHT: 'true',
    TORRENT_FUSE_NO_TRACKERS: 'true',
    TORRENT_FUSE_NO_LSD: 'true',
    TORRENT_FUSE_PEER: seeder.address,
    npm_config_prefix: prefix,
    npm_config_prefer_offline: 'true',
  });
}

function execute(block: string): Promise<Finished> {
  const shell = ['sh', '-eu', '-c', substituted(block)];
  const options = { cwd: clone, timeoutMs };
  if (block.startsWith('npm ')) {
    return run(shell[0] ?? '', shell.slice(1), { ...options, env: { ...environment(), HOME: homedir() } });
  }
  const [program = '', ...args] = [...asNobodyCommand, ...shell];
  return run(program, args, { ...options, env: { ...environment(), HOME: home } });
}

const blocks = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);

it('has the blocks that are checked here, in this order', () => {
  expect(blocks.map((block, index) => block.startsWith(steps[index]?.begins ?? 'nothing'))).toEqual(
    steps.map(() => true),
  );
});

it.each(steps.map((step, index) => ({ ...step, block: blocks[index] ?? '' })))(
  '$begins',
  { timeout: timeoutMs + 10_000 },
  async ({ block, shows }) => {
    const { code, stdout, stderr } = await execute(block);
    expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' });
    for (const pattern of shows) expect(stdout).toMatch(pattern);
  },
);

it('leaves nothing in the home folder, nothing mounted and nothing running', async () => {
  for (const name of ['torrents', 'rqbit']) expect(isMounted(join(home, name))).toBe(false);
  expect(existsSync(join(folder, 'prefix/bin/torrent-fuse'))).toBe(false);
  expect(readdirSync(home, { recursive: true, withFileTypes: true }).filter(entry => !entry.isDirectory())).toEqual([]);
  expect(await processesWith(home)).toEqual([]);
});
