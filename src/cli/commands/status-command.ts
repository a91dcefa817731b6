import type { Command } from 'commander';
import { countInWords } from '../../observe/words.ts';
import type { CliContext } from '../context.ts';
import { CommandError, UsageError } from '../errors.ts';
import { jsonOutput } from '../json-output.ts';
import { LiveView } from '../live-view.ts';
import { adviceFor, inquire, type MountInquiry, mountAt } from '../mount-inquiry.ts';
import { listMounts } from '../mounts.ts';
import { printable } from '../render/printable.ts';
import { type Screen, torrentLines } from '../render/torrent-lines.ts';
import { torrentsAndUrls } from '../status-report.ts';
import { StopRequests } from '../stop-requests.ts';
import { pause } from '../wait.ts';

/** Each look costs a short-lived process per mount. */
const watchIntervalMs = 1000;
/** Of all mounts one may hang, and the others are to be shown. */
const inquiryTimeoutMs = 2000;

export function addStatusCommand(program: Command, context: CliContext): void {
  program
    .command('status')
    .summary('show the mounts of this machine and their torrents')
    .description(
      'Shows every torrent-fuse mount of this machine, or one, with the state of its torrents. Mounts of other users and dead ' +
        'ones are shown as such. No mount can hold this command for longer than 2 s.',
    )
    .argument('[MOUNTPOINT]', 'show only this mount')
    .option('--json', 'print JSON')
    .option('--watch', 'stay, and show changes as they happen')
    .action(async (mountpoint: string | undefined, { json, watch }: { json?: true; watch?: true }) => {
      if (json && watch) throw new UsageError('--watch shows a live view, not JSON: give one of them');
      if (watch) return watchMounts(mountpoint, context);
      const inquiries = await inquireAll(mountpoint);
      if (json) context.out.line(jsonOutput('status', { mounts: inquiries.map(jsonOf) }));
      else
        for (const line of statusLines(inquiries, { ...screenOf(context), rows: Number.MAX_SAFE_INTEGER }))
          context.out.line(line);
      const [only] = inquiries;
      if (mountpoint !== undefined && only && only.condition !== 'answering') {
        throw new CommandError(`the mount at ${only.mountpoint} is ${only.condition}; ${adviceFor(only.condition)}`);
      }
    });
}

async function watchMounts(mountpoint: string | undefined, context: CliContext): Promise<void> {
  if (!context.out.isTerminal) throw new UsageError('--watch needs a terminal; without one use --json in a loop');
  const stop = new StopRequests(['SIGINT', 'SIGTERM']);
  let inquiries = await inquireAll(mountpoint);
  const view = new LiveView(context.out, () => statusLines(inquiries, screenOf(context)), watchIntervalMs);
  try {
    while (!stop.inOrder.aborted) {
      await pause(watchIntervalMs, [stop.inOrder]);
      inquiries = await inquireAll(mountpoint);
    }
  } finally {
    view.stop();
    stop.release();
  }
}

async function inquireAll(mountpoint: string | undefined): Promise<MountInquiry[]> {
  const entries = mountpoint === undefined ? listMounts() : [await mountAt(mountpoint)];
  return Promise.all(entries.map(entry => inquire(entry, inquiryTimeoutMs)));
}

function screenOf({ out }: CliContext): Screen {
  return { columns: out.columns, rows: out.rows - 1, style: out.style };
}

/** A heading for each mount, and its torrents below. */
export function statusLines(inquiries: readonly MountInquiry[], screen: Screen): string[] {
  if (inquiries.length === 0) return ["nothing is mounted here; see 'torrent-fuse mount --help'"];
  // Two rows of each mount's share go to its heading and the line between.
  const rows = Math.max(1, Math.floor(screen.rows / inquiries.length) - 2);
  return inquiries
    .flatMap(inquiry => ['', heading(inquiry, screen), ...torrentsOf(inquiry, { ...screen, rows })])
    .slice(1);
}

function heading({ mountpoint, condition, pid, status }: MountInquiry, { style }: Screen): string {
  const name = style.bold(printable(mountpoint));
  if (status === undefined) return `${name}  ${style.red(condition)}  ${adviceFor(condition)}`;
  const process = pid === undefined ? '' : `  pid ${pid}`;
  return `${name}  ${printable(status.engine)}  ${countInWords(torrentsAndUrls(status).length, 'torrent')}${process}`;
}

function torrentsOf({ status }: MountInquiry, screen: Screen): string[] {
  return status === undefined ? [] : torrentLines(torrentsAndUrls(status), screen);
}

function jsonOf({ mountpoint, condition, pid, status }: MountInquiry) {
  return { mountpoint, condition, pid: pid ?? null, status: status ?? null };
}
